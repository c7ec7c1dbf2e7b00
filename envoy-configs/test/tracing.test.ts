import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { openEnvoy, validateConfig } from "../../harness/index.ts";
import { withText } from "./files.ts";

const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/;
const INCOMING = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

describe("tracing.yaml", () => {
  test("starts a trace, continues one, and logs which", async () => {
    await using envoy = await openEnvoy({ config: "envoy-configs/tracing.yaml", ephemeralPorts: true, upstreams: { app: {} } });
    await envoy.request({ path: "/start" });
    const started = (await envoy.upstream("app").received()).header("traceparent");
    expect(started).toMatch(TRACEPARENT);
    await envoy.request({ path: "/continue", headers: { traceparent: INCOMING } });
    const log = await envoy.waitForAccessLog(2);
    expect(log[0]?.["tracing"]).toBe(`action=start traceparent=${started} parent=-`);
    expect(log[1]?.["tracing"]).toMatch(
      /^action=continue traceparent=00-4bf92f3577b34da6a3ce929d0e0e4736-\w{16}-01 parent=00f067aa0ba902b7$/,
    );
    // Nothing is missing in the list of capabilities: the host would have refused it.
    expect(envoy.logs().wasm.filter(({ level }) => level === "error" || level === "critical")).toEqual([]);
  });

  test("runs the module unconfigured when proxy_on_configure is not allowed: why the list is compared", async () => {
    const config = await withText("envoy-configs/tracing.yaml", /^ +proxy_on_configure: \{\}\n/m, "");
    await using envoy = await openEnvoy({ config, ephemeralPorts: true, upstreams: { app: {} } });
    await envoy.request();
    expect((await envoy.upstream("app").received()).header("traceparent")).toBeUndefined();
  });

  test("shows every field of the filter's configuration, as a configuration that the filter takes", async () => {
    const text = await readFile("envoy-configs/tracing.yaml", "utf8");
    const json = [...text.matchAll(/^ {24}# {3}(.*)$/gm)].map(([, line]) => line).join(" ");
    const source = await readFile("filters/tracing/assembly/config.ts", "utf8");
    const known = [...source.matchAll(/\b(?:json|rule)\.\w+\("(\w+)"|readHeader\(json, "(\w+)"/g)].map(([, a, b]) => a ?? b ?? "");
    expect(known.length).toBeGreaterThan(15);
    expect([...new Set(keysIn(JSON.parse(json)))]).toEqual(expect.arrayContaining(known));
    const value = '{ "mode": "enforce" }';
    expect(text).toContain(value);
    await validateConfig(text.replace(value, json));
  });
});

describe("tracing-observe.yaml", () => {
  test("leaves the trace headers to Envoy's tracer and tells the client the trace", async () => {
    // Spans are sent at once instead of every 5 s.
    const runtime = "layered_runtime: { layers: [{ name: test, static_layer: { tracing.opentelemetry.flush_interval_ms: 20 } }] }";
    const config = `${await readFile("envoy-configs/tracing-observe.yaml", "utf8")}${runtime}\n`;
    const upstreams = { app: {}, opentelemetry_collector: {} };
    await using envoy = await openEnvoy({ config, ephemeralPorts: true, upstreams });
    const response = await envoy.request({ headers: { traceparent: INCOMING, "x-trace-id": "forged" } });
    const received = await envoy.upstream("app").received();
    expect(received.header("traceparent")).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-/);
    expect(received.headerValues("x-trace-id")).toEqual(["4bf92f3577b34da6a3ce929d0e0e4736"]);
    expect(response.header("server-timing")).toBe("trace;desc=4bf92f3577b34da6a3ce929d0e0e4736");
    const [entry] = await envoy.waitForAccessLog(1);
    expect(entry?.["trace_id"]).toBe("4bf92f3577b34da6a3ce929d0e0e4736");
    // The span goes out.
    expect((await envoy.upstream("opentelemetry_collector").received()).path).toBe("/v1/traces");
  });
});

function keysIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return [...(Array.isArray(value) ? [] : Object.keys(value)), ...Object.values(value).flatMap(keysIn)];
}
