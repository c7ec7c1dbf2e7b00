import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MeshscriptError } from "../../diagnostics/index.ts";
import { eventually } from "../../harness/expect/index.ts";
import { filterModule } from "../../test/support/build-once.ts";
import { type Echo, type RunningMesh, openMesh } from "../run/index.ts";

const RATELIMIT = await filterModule("ratelimit");
const SHOP = `
apiVersion: v1
kind: Service
metadata: { name: stock }
spec: { selector: { app: stock }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: prices }
spec: { selector: { app: prices }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
${["client", "stock", "prices"].map((name) => `---\napiVersion: apps/v1\nkind: Deployment\nmetadata: { name: ${name} }\nspec: { template: { metadata: { labels: { app: ${name} } } } }\n`).join("")}`;

const own = (name: string, spec: string) =>
  `---\napiVersion: meshscript.io/v1alpha1\nkind: Filter\nmetadata: { name: ${name} }\nspec:\n${spec}\n`;
const LIMIT = own(
  "few",
  `  filter: ratelimit
  selector: { matchLabels: { app: stock } }
  match: [{ mode: SERVER }]
  config: { limits: [{ name: few, key: [{ header: x-user }], requests: 2, per: 1h }] }`,
);
const FAULT = own(
  "no-prices-for-ann",
  `  filter: fault-injection
  selector: { matchLabels: { app: client } }
  match: [{ mode: CLIENT }]
  config: { faults: [{ name: ann, when: [{ header: x-user, exact: ann }, { attribute: request.host, exact: prices }], abort: { status: 418 } }] }`,
);

let mesh: RunningMesh;
beforeAll(async () => {
  mesh = await openMesh({ resources: [SHOP, LIMIT, FAULT].join("") });
});
afterAll(() => mesh?.stop());

const ask = (host: string, user: string) => mesh.from("client").request({ url: `http://${host}/`, headers: { "x-user": user } });
const statuses = async (host: string, user: string, count: number) => {
  const all = [];
  for (let i = 0; i < count; i++) all.push((await ask(host, user)).status);
  return all;
};

describe("Filters of ours", () => {
  test("are where they say: a limit at one workload's server side, a fault at another's client side", async () => {
    expect(await statuses("stock", "ann", 4)).toEqual([200, 200, 429, 429]);
    expect(await statuses("stock", "bob", 3)).toEqual([200, 200, 429]);
    expect(await statuses("prices", "ann", 2)).toEqual([418, 418]);
    expect(await statuses("prices", "bob", 4)).toEqual([200, 200, 200, 200]);
    expect(mesh.workload("prices").requests.some((request) => request.header("x-user") === "ann")).toBe(false);
  });

  test("come and go with the resources", async () => {
    await mesh.apply([SHOP, LIMIT].join(""));
    expect(await statuses("prices", "ann", 2)).toEqual([200, 200]);
    await mesh.apply([SHOP, LIMIT, FAULT].join(""));
    expect(await statuses("prices", "ann", 1)).toEqual([418]);
  });

  test("change what all proxies have: tracing that says its timing, and no metrics", async () => {
    const counted = async () => (await mesh.envoy("stock").stats("^wasmcustom.*istio_requests_total")).size;
    expect(await counted()).toBeGreaterThan(0);
    const more = [
      own("timing", "  filter: tracing\n  config: { response: { serverTiming: true } }"),
      own("mute", "  filter: metrics\n  enabled: false"),
    ];
    await mesh.apply([SHOP, ...more].join(""));
    expect((await ask("stock", "ann")).header("server-timing")).toMatch(/^trace;desc=00-/);
    const chains = JSON.stringify(mesh.configuration.proxies.get("stock.default")?.listeners);
    expect([chains.includes('"tracing"'), chains.includes('"metrics"')]).toEqual([true, false]);
  });
});

describe("modules of one's own, Istio's way and ours", () => {
  const lua = (name: string, place: string, more: string) => `---
apiVersion: extensions.istio.io/v1alpha1
kind: TrafficExtension
metadata: { name: ${name} }
spec:
  selector: { matchLabels: { app: stock } }
  ${more}
  lua:
    inlineCode: |
      function envoy_on_request(handle)
        local headers = handle:headers()
        headers:replace("x-order", (headers:get("x-order") or "") .. " ${place}")
      end
`;

  test("sit in the chain by phase, and in a phase by priority", async () => {
    const all = [
      lua("a", "behind", ""),
      lua("b", "second", "phase: AUTHN"),
      lua("c", "first", "phase: AUTHN\n  priority: 1"),
      lua("d", "third", "phase: AUTHZ"),
    ];
    await mesh.apply([SHOP, ...all].join(""));
    const { headers } = (await ask("stock", "ann")).json() as Echo;
    expect(headers["x-order"]).toBe("first second third behind");
  });

  test("are files, from where the resource is, with their environment", async () => {
    const folder = await mkdtemp(join(tmpdir(), "meshscript-filters-"));
    try {
      const file = join(folder, "mesh.yaml");
      const limits = "limits: [{ name: one, requests: 1, per: 1h }]";
      const plugin = `---\napiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: { name: one }\nspec: { url: "file://${RATELIMIT}", match: [{ mode: SERVER, ports: [{ number: 8080 }] }], selector: { matchLabels: { app: prices } }, pluginConfig: { ${limits} } }\n`;
      await writeFile(file, [SHOP, plugin].join(""));
      await mesh.apply(file);
      // A connection that the client's proxy has kept is still the old listener's, for a request or two.
      await eventually(async () => expect(await statuses("prices", "ann", 1)).toEqual([429]));
      expect(await statuses("stock", "ann", 2)).toEqual([200, 200]);

      await writeFile(file, [SHOP, own("mine", "  wasm: ./build/none.wasm")].join(""));
      expect(await refused(mesh.apply(file))).toEqual([
        `mesh.yaml:31:9 MS1004 ${join(folder, "build/none.wasm")} is no module: no such file`,
      ]);
      await writeFile(file, [SHOP, own("mine", "  wasm: ./mesh.yaml")].join(""));
      expect(await refused(mesh.apply(file))).toEqual([
        `mesh.yaml:31:9 MS1004 ${file} is no module: it does not begin as WebAssembly does`,
      ]);
      // What was there before still is.
      expect(await statuses("prices", "ann", 1)).toEqual([429]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe("what is wrong with a Filter is said at its place", () => {
  test.each([
    [
      "a field of the filter's configuration",
      "  filter: ratelimit\n  config: { limits: [{ name: few, requests: ten, per: 1h }] }",
      /^6:\d+ MS0914 ratelimit: limits\[0\]\.requests must be/,
    ],
    [
      "what the mesh says itself",
      "  filter: metrics\n  config: { reporter: source }",
      /^6:\d+ MS0914 spec\.config\.reporter is not for a Filter to say/,
    ],
    ["a filter that is none", "  filter: ratelimits", /^5:\d+ MS0914 spec\.filter must be one of/],
    ["both a filter and a module", "  filter: ratelimit\n  wasm: a.wasm", /^\d+:\d+ MS0914 spec must have only one of "filter", "wasm"/],
    ["neither", "  priority: 1", /^\d+:\d+ MS0914 spec: needs `filter`/],
    ["no authorization", "  filter: authz\n  enabled: false", /^\d+:\d+ MS0914 spec: without authz/],
    ["a phase of a part", "  filter: tracing\n  phase: AUTHN", /^\d+:\d+ MS0914 spec: `phase` is of `wasm`/],
  ])("%s", async (_, spec, said) => {
    const [first] = await refused(openMesh({ resources: own("wrong", spec).slice(4) }));
    expect(first?.replace(/^\S*?(\d+:\d+)/, "$1")).toMatch(said);
  });

  test("modules from elsewhere are not fetched", async () => {
    const plugin =
      "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: { name: far }\nspec: { url: oci://example.com/far:1, type: NETWORK }\n";
    const [first, second] = await refused(openMesh({ resources: plugin }));
    expect(second).toContain('spec.type "NETWORK" is not supported: chains of connections have no modules');
    expect(first).toContain('MS1001 WasmPlugin default/far: spec.url "oci://example.com/far:1" is not supported: modules are not fetched');
  });
});

/** `file:line:column code message` of what was found. */
async function refused(doing: Promise<unknown>): Promise<string[]> {
  const error = await doing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof MeshscriptError)) throw error ?? new Error("it was not refused");
  return error.diagnostics.map(({ code, message, location }) => {
    const { file = "", line = 0, column = 0 } = location ?? {};
    return `${file.replace(/^.*\//, "")}:${line}:${column} ${code} ${message}`;
  });
}
