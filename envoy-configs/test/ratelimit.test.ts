import { describe, expect, test } from "vitest";
import { type Envoy, openEnvoy } from "../../harness/index.ts";
import { withText } from "./files.ts";

const FILE = "envoy-configs/ratelimit-local.yaml";
/** What per-user and per-address let through at once; little comes back while a test runs. */
const BURST = 20;
const TRIED = 10;

const open = (config = FILE) => openEnvoy({ config, ephemeralPorts: true, upstreams: { app: {} } });
const get = (envoy: Envoy, path: string, user: string) => envoy.request({ path, headers: { "x-user": user } });

/** The statuses of several requests, one after the other. */
async function statuses(envoy: Envoy, path: string, users: readonly string[]): Promise<number[]> {
  const all: number[] = [];
  for (const user of users) all.push((await get(envoy, path, user)).status);
  return all;
}

const times = <T>(n: number, value: T): T[] => new Array<T>(n).fill(value);

/** Prometheus's lines about limits. */
async function exposed(envoy: Envoy): Promise<string[]> {
  const text = await (await fetch(`${envoy.adminUrl}/stats/prometheus`)).text();
  return text.split("\n").filter((line) => /per-user|reports|per-address|per_user/.test(line));
}

describe("ratelimit-local.yaml", () => {
  test("admits a user up to the burst, refuses what comes next with the time to wait, and logs both", async () => {
    await using envoy = await open();
    const first = await get(envoy, "/", "ann");
    expect(first.header("ratelimit-policy")).toBe('"per-user";q=20;w=360');
    expect(first.header("ratelimit")).toBe('"per-user";r=19;t=18');
    expect(await statuses(envoy, "/", times(BURST - 1, "ann"))).toEqual(times(BURST - 1, 200));
    const refused = await get(envoy, "/", "ann");
    expect([refused.status, refused.text()]).toEqual([429, "Too many requests"]);
    expect(refused.header("ratelimit")).toBe(`"per-user";r=0;t=${refused.header("retry-after")}`);
    expect(Number(refused.header("retry-after"))).toBeLessThanOrEqual(18);
    expect((await get(envoy, "/", "bob")).status).toBe(200);
    // Without the header, or with two: one bucket for all of them.
    const nobody = await envoy.request({ path: "/" });
    expect(nobody.header("ratelimit")).toMatch(/r=19;/);
    const two = await envoy.request({
      path: "/",
      headers: [
        ["x-user", "new"],
        ["x-user", "newer"],
      ],
    });
    expect(two.header("ratelimit")).toMatch(/r=18;/);

    const log = await envoy.waitForAccessLog(BURST + 4);
    expect(log[0]).toMatchObject({ status: 200, details: "via_upstream", ratelimit: "verdict=admitted" });
    expect(log[BURST]).toMatchObject({
      status: 429,
      details: "request_rate_limited{per-user}",
      ratelimit: "verdict=refused limit=per-user",
    });
    // Nothing is missing in the list of capabilities: the host would have refused it.
    expect(envoy.logs().wasm.filter(({ level }) => level === "error" || level === "critical")).toEqual([]);
  });

  test("has a route with numbers of its own, and so with buckets of its own", async () => {
    await using envoy = await open();
    const first = await get(envoy, "/export", "ann");
    expect(first.header("ratelimit-policy")).toBe('"per-user";q=2;w=1200');
    expect(await statuses(envoy, "/export/all", ["ann", "ann", "bob"])).toEqual([200, 429, 200]);
    expect((await get(envoy, "/", "ann")).header("ratelimit")).toMatch(/^"per-user";r=19;/);
  });

  test("limits one path for all users together, however it is spelled", async () => {
    await using envoy = await open();
    const first = await get(envoy, "/reports/1", "ann");
    expect(first.header("ratelimit")).toMatch(/^"per-user";r=19;t=\d+, "reports";r=4;t=60$/);
    expect(await statuses(envoy, "/reports", ["bob", "cy", "dan", "eve", "fay"])).toEqual([200, 200, 200, 200, 429]);
    expect(await statuses(envoy, "//x/../reports", ["gil"])).toEqual([429]);
    expect(await statuses(envoy, "/", ["fay"])).toEqual([200]);
    // Its refusal took nothing from the user's own bucket.
    expect((await get(envoy, "/", "fay")).header("ratelimit")).toMatch(/^"per-user";r=18;/);
  });

  test("only counts and logs what the limit on trial would refuse, by the address that Envoy trusts", async () => {
    await using envoy = await open();
    for (let n = 0; n < TRIED + 2; n++) {
      const headers = { "x-user": `u${n}`, "x-forwarded-for": `203.0.113.${n}` };
      const response = await envoy.request({ path: "/", headers });
      expect([response.status, response.header("ratelimit")]).toEqual([200, '"per-user";r=19;t=18']);
    }
    const log = await envoy.waitForAccessLog(TRIED + 2);
    expect(log.map((entry) => entry["ratelimit"])).toEqual([
      ...times(TRIED, "verdict=admitted"),
      ...times(2, "verdict=admitted shadow=per-address"),
    ]);
  });

  test("makes labels of the filter's and the limit's name for Prometheus", async () => {
    await using envoy = await open();
    await statuses(envoy, "/", times(BURST + 3, "ann"));
    const lines = await exposed(envoy);
    expect(lines).toContain('meshscript_ratelimit_admitted_total{wasm_filter="ratelimit",limit="per-user"} 20');
    expect(lines).toContain('meshscript_ratelimit_refused_total{wasm_filter="ratelimit",limit="per-user"} 3');
    expect(lines).toContain('meshscript_ratelimit_shadow_refused_total{wasm_filter="ratelimit",limit="per-address"} 10');
    // No counter of any limit has another form.
    const form = /^meshscript_ratelimit_(\w+)_total\{wasm_filter="ratelimit",limit="(per-user|reports|per-address)"\} \d+$/;
    expect(lines.filter((line) => !form.test(line))).toEqual([]);
    const counters = new Set(lines.map((line) => form.exec(line)?.[1]));
    expect(counters.size).toBeGreaterThan(7);
    expect(lines).toHaveLength(3 * counters.size);
  });

  test("needs both tags for that: why they are in the file", async () => {
    await using envoy = await open(await withText(FILE, /^stats_config:\n( .*\n)+/m, ""));
    await get(envoy, "/", "ann");
    expect(await exposed(envoy)).toContain("wasm_filter_ratelimit_limit___per_user___meshscript_ratelimit_admitted_total{} 1");
  });

  test("limits nothing when proxy_on_configure is not allowed: why the list is compared", async () => {
    await using envoy = await open(await withText(FILE, /^ +proxy_on_configure: \{\}\n/m, ""));
    expect(await statuses(envoy, "/", times(BURST + 1, "ann"))).toEqual(times(BURST + 1, 200));
  });
});
