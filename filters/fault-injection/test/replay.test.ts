// With a seed the same requests meet the same faults, wherever and whenever: on any host, worker and machine, as an independent model says.
import { describe, expect, test } from "vitest";
import type { AccessLogEntry } from "../../../harness/envoy/index.ts";
import { type Envoy, type Host, openEnvoy, openHost } from "../../../harness/index.ts";
import type { FaultInjectionConfig } from "../config.ts";
import { bound } from "./binomial.ts";
import { type Met, type ModelFault, modelOf, sipHash } from "./fate.model.ts";
import { faultInjectionModule } from "./support.ts";

const wasm = await faultInjectionModule();

/** UUIDs of version 4, of no machine's chance: `n` says all of them. */
function uuid(n: number): string {
  const hex = [0n, 1n]
    .map((half) =>
      sipHash([half, 7n], Buffer.from(String(n)))
        .toString(16)
        .padStart(16, "0"),
    )
    .join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

type Headers = Record<string, string>;
const requests = (count: number): Headers[] =>
  Array.from({ length: count }, (_, n) => ({ "x-request-id": uuid(n), ...(n % 3 === 0 ? {} : { "x-user": `user-${n % 977}` }) }));

/** Every kind of delay, of effect and of decision. */
const faults: FaultInjectionConfig["faults"] = [
  { name: "flaky", abort: { status: 503, percentage: 7.5 } },
  { name: "slow", delay: { percentiles: { p50: "20ms", p99: "900ms" }, percentage: 30 }, abort: { status: 504, percentage: 2 } },
  { name: "lying", response: { status: 500, percentage: 10 } },
  { name: "keyed", key: [{ header: "x-user" }], abort: { status: 418, percentage: 5 }, delay: { uniform: { max: "2s" }, percentage: 10 } },
  {
    name: "trial",
    mode: "shadow",
    delay: { exponential: { mean: "50ms" }, percentage: 3.25 },
    abort: { percentage: 1 },
    response: { set: { x: "1" }, percentage: 1 },
  },
];
const MS = 1e6;
const model: ModelFault[] = [
  { name: "flaky", abort: { status: 503, percentage: 7.5 } },
  {
    name: "slow",
    delay: {
      of: {
        percentiles: [
          [0, 0],
          [50, 20 * MS],
          [99, 900 * MS],
        ],
      },
      percentage: 30,
    },
    abort: { status: 504, percentage: 2 },
  },
  { name: "lying", response: { status: 500, percentage: 10 } },
  {
    name: "keyed",
    key: "x-user",
    abort: { status: 418, percentage: 5 },
    delay: { of: { uniform: { min: 0, max: 2_000 * MS } }, percentage: 10 },
  },
  {
    name: "trial",
    shadow: true,
    delay: { of: { exponential: { mean: 50 * MS, max: 500 * MS } }, percentage: 3.25 },
    abort: { status: 503, percentage: 1 },
    response: { status: 200, percentage: 1 },
  },
];

const filter = (config: FaultInjectionConfig) => ({
  name: "fault-injection",
  wasm,
  config: { responseHeader: "x-fault", ...config } satisfies FaultInjectionConfig,
});
/** As text: ten thousand of them are compared at once. */
const line = ({ status, faults: noted }: Met) => `${status} ${noted ?? ""}`;

/** Where faults on trial are noted, too, of which clients are not told; and which request it was. */
const accessLog = { fault: "%FILTER_STATE(wasm.meshscript.fault-injection:PLAIN)%", n: "%REQ(X-N)%" };
const noted = (entry: AccessLogEntry | undefined) => (entry?.["fault"] ? String(entry["fault"]) : undefined);

/** What each request meets, in the order that they are sent in. */
async function outcomes(host: Host, all: readonly Headers[]): Promise<string[]> {
  const seen: string[] = [];
  for (const headers of all) {
    const { status } = await host.request({ headers });
    seen.push(line({ status, faults: noted(host.accessLog().at(-1)) }));
  }
  return seen;
}

/** The first few places where two lists differ. */
const differences = (a: readonly string[], b: readonly string[]) =>
  a.flatMap((one, i) => (one === b[i] ? [] : [`${i}: ${one} | ${b[i]}`])).slice(0, 5);
const differing = (a: readonly string[], b: readonly string[]) => a.filter((one, i) => one !== b[i]).length;

describe("10,000 requests", () => {
  const all = requests(10_000);
  const expected = (seed: string) => {
    const decide = modelOf(seed, model);
    return all.map((headers) => line(decide(headers)));
  };

  test("meet the same under one seed on two hosts, which differ in all else, and what the model says; under another seed they meet others", async () => {
    await using one = await openHost({
      plugins: [filter({ seed: "nightly", faults })],
      accessLog,
      upstreams: { app: {} },
      workers: 1,
      seed: "one",
    });
    await using two = await openHost({
      // One more fault, which others know nothing of.
      accessLog,
      plugins: [filter({ seed: "nightly", maxActive: 77, faults: [...faults, { name: "none", abort: { percentage: 0 } }] })],
      upstreams: { app: {} },
      workers: 3,
      seed: "two",
      now: "2031-07-07T07:07:07Z",
    });
    await using other = await openHost({
      plugins: [filter({ seed: "nightlz", faults })],
      accessLog,
      upstreams: { app: {} },
      workers: 1,
      seed: "one",
    });
    const first = await outcomes(one, all);
    // The other way round: what came before a request has no part in it.
    const second = (await outcomes(two, all.toReversed())).reverse();
    const third = await outcomes(other, all);

    expect(differences(first, expected("nightly"))).toEqual([]);
    expect(differences(second, first)).toEqual([]);
    expect(differences(third, expected("nightlz"))).toEqual([]);
    expect(all).toHaveLength(10_000);

    // Each fault was met, and about as often as it says; of `keyed` the share is of 977 users, and less is known of it.
    const often = (list: readonly string[], status: number) => list.filter((met) => met.startsWith(`${status} `)).length;
    for (const list of [first, third]) {
      const within = bound(10_000, 0.075, 0.001);
      expect(often(list, 503)).toBeGreaterThanOrEqual(within.least);
      expect(often(list, 503)).toBeLessThanOrEqual(within.most);
      for (const status of [504, 418, 500]) expect([status, often(list, status) > 100]).toEqual([status, true]);
      for (const note of ["slow;delay=", "keyed;delay=", "trial;delay=", "trial;abort;shadow", "trial;response;shadow"]) {
        expect([note, list.filter((met) => met.includes(note)).length > 50]).toEqual([note, true]);
      }
    }
    // Of two seeds that differ in one letter: what is alike is mostly that nothing is met.
    const changed = differing(first, third);
    const aborts = (list: readonly string[]) => new Set(list.flatMap((met, i) => (met.startsWith("503 ") ? [i] : [])));
    const both = [...aborts(first)].filter((i) => aborts(third).has(i)).length;
    console.log(`fault-injection: of 10,000 requests ${changed} meet something else under another seed; ${both} are aborted under both`);
    expect(changed).toBeGreaterThan(5_000);
    expect(changed).toBeLessThan(9_000);
    // As often as two coins: 0.5625 %.
    const independent = bound(10_000, 0.075 ** 2, 0.001);
    expect(both).toBeGreaterThanOrEqual(independent.least);
    expect(both).toBeLessThanOrEqual(independent.most);
  }, 120_000);
});

test("with a key no request id and no seed is needed: hosts and workers decide alike, by the value alone", async () => {
  const keyed: FaultInjectionConfig = {
    faults: [
      { name: "half", key: [{ header: "x-user" }], abort: { status: 418, percentage: 50 }, delay: { fixed: "7ms", percentage: 50 } },
    ],
  };
  const decide = modelOf("", [
    { name: "half", key: "x-user", abort: { status: 418, percentage: 50 }, delay: { of: { fixed: 7 * MS }, percentage: 50 } },
  ]);
  const users = Array.from({ length: 500 }, (_, n) => ({ "x-user": `user-${n}` }));
  const runs: string[][] = [];
  for (const [workers, seed] of [
    [1, "one"],
    [4, "two"],
  ] as const) {
    await using host = await openHost({ plugins: [filter(keyed)], accessLog, upstreams: { app: {} }, workers, seed });
    runs.push(await outcomes(host, users), await outcomes(host, users));
  }
  const expected = users.map((headers) => line(decide(headers)));

  for (const run of runs) expect(differences(run, expected)).toEqual([]);
  expect(new Set(expected)).toEqual(new Set(["200 ", "200 half;delay=7", "418 half;abort", "418 half;delay=7, half;abort"]));
});

describe("without a seed chance decides", () => {
  const flaky: FaultInjectionConfig = {
    faults: [{ name: "flaky", abort: { status: 503, percentage: 50 }, delay: { fixed: "1ms", percentage: 10 } }],
  };
  const COUNT = 2_000;

  test("two workers do not draw the same, nor do two hosts, and shares are as they should be", async () => {
    const runs: string[][] = [];
    for (const seed of ["one", "two"]) {
      await using host = await openHost({ plugins: [filter(flaky)], upstreams: { app: {} }, workers: 2, seed });
      for (const worker of [0, 1]) {
        const seen: string[] = [];
        // The same id each time: it has no part in it.
        for (let n = 0; n < COUNT; n++) {
          const response = await host.request({ worker, headers: { "x-request-id": uuid(0) } });
          seen.push(line({ status: response.status, faults: response.header("x-fault") }));
        }
        runs.push(seen);
      }
    }
    const half = bound(COUNT, 0.5, 0.001);
    const tenth = bound(COUNT, 0.1, 0.001);
    // Alike are: (not) aborted both, and (not) delayed both.
    const alike = bound(COUNT, 0.5 * (0.9 * 0.9 + 0.1 * 0.1), 0.001);
    const inside = (count: number, { least, most }: { least: number; most: number }) => count >= least && count <= most;
    runs.forEach((run, i) => {
      expect([i, inside(run.filter((met) => met.startsWith("503")).length, half)]).toEqual([i, true]);
      expect([i, inside(run.filter((met) => met.includes("delay")).length, tenth)]).toEqual([i, true]);
      for (const [k, other] of runs.entries()) {
        if (k > i) expect([i, k, inside(COUNT - differing(run, other), alike)]).toEqual([i, k, true]);
      }
    });
  }, 120_000);
});

describe("pinned", () => {
  // Not by the model: what users have written down is what it was. Whoever changes this tells them in the CHANGELOG.
  const pinned: FaultInjectionConfig["faults"] = [
    { name: "flaky", abort: { status: 503, percentage: 40 } },
    { name: "slow", delay: { exponential: { mean: "200ms" }, percentage: 60 } },
    { name: "lying", response: { status: 500, percentage: 50 } },
  ];

  test.each<[seed: string | number, id: string, met: string]>([
    ["nightly", "7f3c1f0e-5a53-4c9a-8a3e-0d6d5b1e7c01", "200 slow;delay=769"],
    ["nightly", "7f3c1f0e-5a53-bc9a-8a3e-0d6d5b1e7c01", "200 slow;delay=769"],
    ["nightly", "7f3c1f0e-5a53-4c9a-8a3e-0d6d5b1e7c02", "500 slow;delay=263, lying;response"],
    ["nightly", "a", "503 slow;delay=196, flaky;abort"],
    ["nightly", "b", "200 slow;delay=188"],
    [42, "a", "503 slow;delay=287, flaky;abort"],
    ["42", "a", "503 slow;delay=287, flaky;abort"],
    [42, "b", "200 slow;delay=150"],
    [9_007_199_254_740_991, "a", "500 lying;response"],
    [0, "a", "503 slow;delay=559, flaky;abort"],
  ])("under seed %j the request %s meets %s", async (seed, id, met) => {
    await using host = await openHost({ plugins: [filter({ seed, faults: pinned })], accessLog, upstreams: { app: {} } });
    expect(await outcomes(host, [{ "x-request-id": id }])).toEqual([met]);
  });

  test.each<[exponential: { mean: string; max?: string }, milliseconds: number]>([
    [{ mean: "200ms" }, 2_000],
    [{ mean: "200ms", max: "2500ms" }, 2_500],
    [{ mean: "200ms", max: "1h" }, 2_614],
  ])("the rare delay of 13 times its mean is cut: with %j it takes %i ms", async (exponential, milliseconds) => {
    const queue: FaultInjectionConfig = { seed: "nightly", faults: [{ name: "queue", delay: { exponential } }] };
    await using host = await openHost({ plugins: [filter(queue)], accessLog, upstreams: { app: {} } });
    // Found by trying: one in 22,000 takes more than ten times the mean.
    expect(await outcomes(host, [{ "x-request-id": "r16472" }])).toEqual([`200 queue;delay=${milliseconds}`]);
  });
});

describe("on Envoy", () => {
  const seeded: FaultInjectionConfig = {
    seed: "nightly",
    faults: [
      { name: "flaky", abort: { status: 503, percentage: 20 } },
      { name: "lying", response: { status: 500, percentage: 25 } },
      { name: "slow", delay: { fixed: "1ms", percentage: 10 } },
      { name: "trial", mode: "shadow", delay: { percentiles: { p50: "20ms", p99: "900ms" }, percentage: 50 } },
    ],
  };
  const decide = modelOf("nightly", [
    { name: "flaky", abort: { status: 503, percentage: 20 } },
    { name: "lying", response: { status: 500, percentage: 25 } },
    { name: "slow", delay: { of: { fixed: MS }, percentage: 10 } },
    {
      name: "trial",
      shadow: true,
      delay: {
        of: {
          percentiles: [
            [0, 0],
            [50, 20 * MS],
            [99, 900 * MS],
          ],
        },
        percentage: 50,
      },
    },
  ]);

  /** Several at once, as they come. */
  async function sendAll(envoy: Envoy, all: readonly Headers[], listener?: string): Promise<string[]> {
    const seen: string[] = [];
    let next = 0;
    const client = async () => {
      for (let n = next++; n < all.length; n = next++) {
        await envoy.request({ headers: { ...all[n], "x-n": String(n) }, ...(listener === undefined ? {} : { listener }) });
      }
    };
    const before = envoy.accessLog().length;
    await Promise.all(Array.from({ length: 16 }, client));
    for (const entry of (await envoy.waitForAccessLog(before + all.length)).slice(before)) {
      seen[Number(entry["n"])] = line({ status: Number(entry.status), faults: noted(entry) });
    }
    return seen;
  }

  test("2,000 requests on two workers meet what the model says", async () => {
    const all = requests(2_000);
    await using envoy = await openEnvoy({ filters: [filter(seeded)], upstreams: { app: {} }, concurrency: 2, accessLog });
    const seen = await sendAll(envoy, all);

    expect(
      differences(
        seen,
        all.map((headers) => line(decide(headers))),
      ),
    ).toEqual([]);
    expect(seen).toHaveLength(2_000);
    for (const status of [503, 500, 200])
      expect([status, seen.filter((met) => met.startsWith(`${status} `)).length > 200]).toEqual([status, true]);
    const shares = [...(await envoy.stats("\\.worker_[01]\\.downstream_cx_total$")).entries()].filter(([name]) => !name.includes("admin"));
    expect(shares.map(([, connections]) => connections > 100)).toEqual([true, true]);
  }, 120_000);

  test("a request that Envoy traces meets what it meets where it is not traced, though its id has changed", async () => {
    const all = requests(300);
    await using envoy = await openEnvoy({
      accessLog,
      listeners: {
        plain: { filters: [filter(seeded)] },
        traced: {
          filters: [filter(seeded)],
          httpConnectionManager: {
            tracing: {
              random_sampling: { value: 100 },
              provider: {
                name: "envoy.tracers.opentelemetry",
                typed_config: {
                  "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
                  service_name: "test",
                  http_service: { http_uri: { uri: "http://collector/v1/traces", cluster: "collector", timeout: "1s" } },
                },
              },
            },
          },
        },
      },
      upstreams: { app: {}, collector: {} },
    });
    const ids = () => new Set(envoy.upstream("app").requests.map((request) => request.header("x-request-id")?.[14]));
    const plain = await sendAll(envoy, all, "plain");
    const untraced = ids();
    envoy.upstream("app").clear();
    const traced = await sendAll(envoy, all, "traced");

    expect([untraced, ids()]).toEqual([new Set(["4"]), new Set(["9"])]);
    expect(
      differences(
        plain,
        all.map((headers) => line(decide(headers))),
      ),
    ).toEqual([]);
    expect(differences(traced, plain)).toEqual([]);
  }, 120_000);
});
