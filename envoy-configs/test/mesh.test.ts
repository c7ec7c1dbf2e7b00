import { describe, expect, test } from "vitest";
import { openEnvoy } from "../../harness/index.ts";
import { withText } from "./files.ts";

const FILE = "envoy-configs/mesh.yaml";
const open = (config = FILE) => openEnvoy({ config, ephemeralPorts: true, upstreams: { app: {} } });

describe("mesh.yaml", () => {
  test("traces, judges and counts a request in one filter, each part under its own name", async () => {
    await using envoy = await open();
    const allowed = await envoy.request({ path: "/public/hello", headers: { "x-user": "ann" } });
    expect([allowed.status, allowed.header("ratelimit-policy")]).toEqual([200, '"per-user";q=20;w=360']);
    const received = await envoy.upstream("app").received();
    expect(received.header("traceparent")).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-03$/);
    expect(allowed.header("server-timing")).toContain(received.header("traceparent")?.slice(3, 35) ?? "no trace");

    const [entry] = await envoy.waitForAccessLog(1);
    expect(entry).toMatchObject({
      status: 200,
      tracing: expect.stringContaining("trace") as string,
      authz: "verdict=allowed policy=ns[shop]-policy[storefront]-rule[0]",
      ratelimit: "verdict=admitted",
    });
    expect(envoy.logs().wasm.filter(({ level }) => level === "error" || level === "critical")).toEqual([]);
  });

  test("takes no permit of who may not pass: authz stands in front of the limit", async () => {
    await using envoy = await open(await withText(FILE, '"burst": 20', '"burst": 1'));
    const ask = async (path: string) => (await envoy.request({ path, headers: { "x-user": "ann" } })).status;
    expect([await ask("/admin"), await ask("/admin"), await ask("/public/a"), await ask("/public/a")]).toEqual([403, 403, 200, 429]);
    const log = await envoy.waitForAccessLog(4);
    expect(log.map(({ ratelimit }) => ratelimit ?? null)).toEqual([null, null, "verdict=admitted", "verdict=refused limit=per-user"]);
    expect(envoy.upstream("app").arrivals).toHaveLength(1);
  });

  test("has labels of the parts' names for Prometheus", async () => {
    await using envoy = await open();
    for (const path of ["/public/a", "/admin"]) await envoy.request({ path, headers: { "x-user": "ann" } });
    const lines = (await (await fetch(`${envoy.adminUrl}/stats/prometheus`)).text()).split("\n");
    const policy = "ns[shop]-policy[storefront]-rule[0]";
    expect(lines).toContain(`meshscript_authz_allowed_total{wasm_filter="authz",policy="${policy}"} 1`);
    expect(lines).toContain('meshscript_authz_denied_total{wasm_filter="authz",policy="none"} 1');
    expect(lines).toContain('meshscript_ratelimit_admitted_total{wasm_filter="ratelimit",limit="per-user"} 1');
  });
});
