import { afterAll, beforeEach, describe } from "vitest";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { openEnvoy } from "../envoy/index.ts";
import { openHost } from "../host/index.ts";
import type { OpenTarget, Target } from "../target.ts";

/** Where a suite runs: in this process, or on a real Envoy. */
export type HostName = "in-process host" | "Envoy";

const open: Record<HostName, OpenTarget> = { "in-process host": openHost, Envoy: openEnvoy };

const names: Readonly<Record<string, HostName>> = { host: "in-process host", envoy: "Envoy" };

/** `MESHSCRIPT_HOSTS=host` or `envoy` runs one half [both]. */
function wanted(): HostName[] {
  const given = process.env["MESHSCRIPT_HOSTS"];
  if (given === undefined || given === "") return Object.values(names);
  return given.split(",").map((name) => {
    const host = names[name.trim()];
    if (host) return host;
    throw new MeshscriptError(diagnostic("MS0806", `MESHSCRIPT_HOSTS is host, envoy or both with a comma, got ${JSON.stringify(given)}`));
  });
}

/**
 * Declares the same tests twice: on the in-process host and on Envoy. What `open` opens is stopped behind the last test, and a stop that fails
 * (Envoy crashed, or would have) fails the suite.
 *
 * @example
 * onBothHosts((open) => {
 *   test("the upstream gets a greeting", async () => {
 *     const target = await open({ filters: [hello], upstreams: { app: {} } });
 *     await target.request();
 *     expect(target.upstream("app").requests[0]).toHaveHeader("x-greeting", "hello");
 *   });
 * });
 */
export function onBothHosts(define: (open: OpenTarget, host: HostName) => void): void {
  describe.each(wanted())("%s", (host) => {
    const opened: Target[] = [];
    afterAll(async () => {
      // All of them, even when one fails: an Envoy that is not stopped outlives the suite.
      const stopped = await Promise.allSettled(opened.splice(0).map((target) => target.stop()));
      for (const one of stopped) if (one.status === "rejected") throw one.reason;
    });
    // What a person needs to see, and only when a test failed.
    beforeEach(({ onTestFailed }) => {
      onTestFailed(async () => {
        for (const target of opened) process.stderr.write(`${await target.report()}\n`);
      });
    });
    define(async (options) => {
      const target = await open[host](options);
      opened.push(target);
      return target;
    }, host);
  });
}
