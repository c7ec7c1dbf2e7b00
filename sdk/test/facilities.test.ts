import { beforeAll, expect, test } from "vitest";
import { eventually, onBothHosts } from "../../harness/expect/index.ts";
import type { Envoy, Host, Target } from "../../harness/index.ts";
import { fixtureModule } from "./support.ts";

onBothHosts((open, host) => {
  let target: Target;

  beforeAll(async () => {
    target = await open({
      filters: [
        {
          name: "facilities",
          rootId: "facilities",
          wasm: await fixtureModule(),
          config: { tick: 5 },
          vmConfig: "the vm's",
          environment: { SECRET: "s3cret", OTHER: "x" },
        },
      ],
      accessLog: { verdict: "%FILTER_STATE(wasm.fixture.verdict:PLAIN)%" },
      componentLogLevel: "wasm:info",
      routes: [
        {
          match: { prefix: "/" },
          direct_response: { status: 204 },
          metadata: { filter_metadata: { "my.namespace": { team: "blue", number: 1.5 } } },
        },
      ],
    });
  }, 120_000);

  const answer = async (path: string) => (await target.request({ path })).text();

  test("counters, gauges and histograms count, read back and reach Envoy's stats", async () => {
    expect(await answer("/metrics")).toBe("counter 2 gauge 42");
    expect(await answer("/metrics")).toBe("counter 4 gauge 42");
    expect(await target.stat("wasmcustom.fixture_total")).toBe(4);
    expect(await target.stat("wasmcustom.fixture_now")).toBe(42);
    if (host === "Envoy") {
      await eventually(async () => expect(await (target as Envoy).prometheus()).toMatch(/^fixture_ms_count\{[^}]*\} 2$/m));
    } else expect((target as Host).samples("fixture_ms")).toHaveLength(2);
  });

  test("shared data: create-if-absent, compare-and-set, absent apart from empty", async () => {
    expect(await answer("/shared")).toBe("absent 0 8 first 0 8 empty");
  });

  test("properties are read typed, absent ones fall back, and one of ours reaches the access log", async () => {
    expect(await answer("/properties?q=1")).toMatch(/^nothing/);
    expect(await answer("/properties")).toBe("/properties absent blue 1.5 plain time -7 set");
    await eventually(() => expect(target.accessLog().map((entry) => entry.verdict)).toContain("allow"));
  });

  test("a root finds its streams by their ids, those that are over not, nor itself", async () => {
    expect(await answer("/stream")).toBe("itself, none, none, none");
    expect(await answer("/stream")).toBe("itself, none, none, none");
  });

  test("the VM's environment and configuration are readable", async () => {
    expect(await answer("/environment")).toBe("s3cret the vm's");
  });

  test("clocks: wall time now, monotonic time never back", async () => {
    const [wall, direction] = (await answer("/clocks")).split(" ");

    expect(Math.abs(Number(wall) / 1e6 - (host === "Envoy" ? Date.now() : Number((target as Host).now)))).toBeLessThan(60_000);
    expect(direction).toBe("forward");
  });

  test("a timer ticks until it is stopped", async () => {
    // The worker's VM and the base VM on the main thread; not the one that tried the configuration.
    const lines = () => target.logs().wasm.filter((line) => line.message === "ticked three times");
    await target.waitForLog("ticked three times");
    await eventually(() => expect(lines()).toHaveLength(2));
  });

  test("log levels are Envoy's, and change while it runs", async () => {
    expect(await answer("/log")).toBe("debug off");
    if (host === "Envoy") await (target as Envoy).admin("/logging?wasm=debug", "POST");
    else (target as Host).setLogLevel("debug");
    const from = target.logs().mark;
    expect(await answer("/log")).toBe("debug on");
    await target.waitForLog("a warning of the fixture", { from });
    expect(
      target
        .logs()
        .wasm.filter((line) => line.message === "a warning of the fixture")
        .map((line) => line.level),
    ).toEqual(["warning", "warning"]);
  });

  test("a local reply carries its details, a gRPC one its status", async () => {
    const grpc = await target.request({ path: "/grpc", method: "POST", protocol: "h2c", headers: { "content-type": "application/grpc" } });

    expect(grpc.status).toBe(200);
    expect(grpc.header("grpc-status")).toBe("7");
    expect(grpc.header("grpc-message")).toBe("not you");
    await eventually(() => expect(target.accessLog().map((entry) => entry.details)).toContain("fixture_answered"));
  });
});
