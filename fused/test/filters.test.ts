// The filters of this project behind one another, as modules of their own and fused: requests, answers, verdicts and counters are the same.
import { expect, test } from "vitest";
import { eventually, onBothHosts } from "../../harness/expect/index.ts";
import type { EnvoyRequest, OpenTarget, Target, WasmFilterSpec } from "../../harness/index.ts";
import { filterModule } from "../../test/support/build-once.ts";
import { meshModule } from "./support.ts";

const NAMES = ["canary", "peer-metadata", "tracing", "authz", "ratelimit", "fault-injection", "metrics"] as const;
const mesh = await meshModule();
const modules = Object.fromEntries(await Promise.all(NAMES.map(async (name) => [name, await filterModule(name)]))) as Record<
  string,
  string
>;

const policy = (name: string, action: string, rules: object[]) => ({
  apiVersion: "security.istio.io/v1",
  kind: "AuthorizationPolicy",
  metadata: { name, namespace: "default" },
  spec: { action, rules },
});
const configs: Record<(typeof NAMES)[number], object> = {
  canary: { splits: [{ seed: "reviews", unit: { header: "x-user" } }] },
  "peer-metadata": { direction: "inbound", trust: "always", workload: { name: "reviews-v1" } },
  tracing: { response: { serverTiming: true } },
  authz: { policies: [policy("no-admin", "DENY", [{ to: [{ operation: { paths: ["/admin*"] } }] }])] },
  ratelimit: { limits: [{ name: "per-user", key: [{ header: "x-user", onMissing: "skip" }], requests: 3, per: "1h" }] },
  "fault-injection": {
    faults: [
      { name: "down", when: [{ header: "x-fault", exact: "abort" }], abort: { status: 503 } },
      { name: "slow", when: [{ header: "x-fault", exact: "delay" }], delay: { fixed: "50ms" } },
      { name: "both", when: [{ header: "x-fault", exact: "both" }], delay: { fixed: "20ms" }, abort: { status: 500, body: "broken" } },
    ],
    responseHeader: "x-injected",
  },
  metrics: {
    reporter: "destination",
    workload: { name: "reviews-v1" },
    peerMetadata: true,
    metrics: [{ name: "own_total", labels: { user: { header: "x-user" } } }],
  },
};
const chainOf = (names: readonly (keyof typeof configs)[], as: "chain" | "fused"): WasmFilterSpec[] =>
  as === "chain"
    ? names.map((name) => ({ name, wasm: modules[name] ?? "", config: configs[name] }))
    : [{ name: "mesh", wasm: mesh, config: { filters: names.map((name) => ({ name, config: configs[name] })) } }];

const user = (name: string) => ({ "x-user": name });
const requests: EnvoyRequest[] = [
  { path: "/" },
  { path: "/admin/x", headers: user("ann") },
  ...Array.from({ length: 5 }, () => ({ path: "/a", headers: user("ann") })),
  { path: "/b", headers: { ...user("bob"), "x-fault": "abort" } },
  { path: "/b", headers: { ...user("bob"), "x-fault": "delay" }, method: "POST", body: "hello" },
  { path: "/b", headers: { ...user("bob"), "x-fault": "both" } },
  { path: "/b", headers: { ...user("bob"), "x-fault": "delay" } },
  { path: "/c", headers: { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "a=1" } },
  { path: "/c", headers: { traceparent: "nonsense", "bad header": "1" } },
  {
    path: "/c",
    protocol: "h2c",
    method: "POST",
    headers: { "content-type": "application/grpc", te: "trailers", ...user("cy") },
    body: "\0\0\0\0\0",
  },
  { path: "/admin", protocol: "h2c", method: "POST", headers: { "content-type": "application/grpc", te: "trailers" }, body: "\0\0\0\0\0" },
];

/** What of a text is another one each time: ids, and what is left of a limit's hour. */
const normal = (text: string) =>
  text
    .replace(/[0-9a-f]{32}/g, "TRACE")
    .replace(/[0-9a-f]{16}/g, "SPAN")
    .replace(/\b(t|reset|retry-after)=?(\d+)/g, "$1=T")
    .replace(/\b35\d\d\b/g, "T");
const OURS =
  /^(x-injected|x-meshscript-canary|ratelimit|ratelimit-policy|retry-after|server-timing|traceparent|tracestate|grpc-status|grpc-message|x-envoy-peer-metadata.*|content-type|content-length)$/;
const shown = (headers: readonly (readonly [string, string])[]) =>
  headers
    .filter(([name]) => OURS.test(name))
    .map(([name, value]) => normal(`${name}: ${value}`))
    .sort();

async function outcomeOf(open: OpenTarget, names: readonly (keyof typeof configs)[], as: "chain" | "fused") {
  const target = await open({
    filters: chainOf(names, as),
    upstreams: { app: { protocol: "h2c", respond: { status: 200, body: "ok", headers: { "x-envoy-peer-metadata": "lies" } } } },
    accessLog: Object.fromEntries(NAMES.map((name) => [name, `%FILTER_STATE(wasm.meshscript.${name}:PLAIN)%`])),
  });
  const answers: string[] = [];
  for (const request of requests) {
    const { status, headers, body } = await target.request(request);
    answers.push([`${request.path}: ${status} ${body.toString()}`, ...shown(headers)].join("\n"));
  }
  const log = await target.waitForAccessLog(requests.length);
  const stats = await settled(target, names);
  const received = target.upstream("app").requests.map(({ path, headers }) => [path, ...shown(headers)].join("\n"));
  const verdicts = log.map((entry) => NAMES.map((name) => normal(`${name}: ${String(entry[name] ?? "-")}`)).join("\n"));
  await target.stop();
  return { answers, received, verdicts, stats };
}

/** Counters of all filters, when each request is counted. */
function settled(target: Target, names: readonly string[]): Promise<[string, number][]> {
  return eventually(async () => {
    const all = [...(await target.stats("^wasmcustom\\."))].filter(([name]) => !/memory|live_objects|arena|collections/.test(name));
    const counted = all.filter(([name]) => name.endsWith("istio_requests_total")).reduce((sum, [, count]) => sum + count, 0);
    if (names.includes("metrics")) expect(counted).toBe(requests.length);
    return all.sort(([a], [b]) => (a < b ? -1 : 1));
  });
}

onBothHosts((open) => {
  test.each<[string, (keyof typeof configs)[]]>([
    ["all in their usual order", [...NAMES]],
    ["all the other way round", [...NAMES].reverse()],
    ["the limiter in front of the policies", ["ratelimit", "authz", "metrics"]],
    ["faults in front of everything", ["fault-injection", "tracing", "ratelimit"]],
    ["one alone", ["tracing"]],
  ])("%s", async (_, names) => {
    const chain = await outcomeOf(open, names, "chain");
    const fused = await outcomeOf(open, names, "fused");

    expect(fused.answers).toEqual(chain.answers);
    expect(fused.received).toEqual(chain.received);
    expect(fused.verdicts).toEqual(chain.verdicts);
    expect(fused.stats).toEqual(chain.stats);
    expect(new Set(chain.answers.map((answer) => answer.split(" ")[1])).size).toBeGreaterThan(1);
  });

  test("a part that is left out of the configuration costs no host call", async () => {
    const calls = async (filters: WasmFilterSpec[]) => {
      const target = await open({ filters, upstreams: { app: {} } });
      await target.request();
      const response = (await target.request()) as { counts?: Record<string, { hostCalls: Record<string, number> }> };
      return response.counts?.[filters[0]?.name ?? ""]?.hostCalls;
    };

    expect(await calls(chainOf(["tracing"], "fused"))).toEqual(await calls(chainOf(["tracing"], "chain")));
  });
});
