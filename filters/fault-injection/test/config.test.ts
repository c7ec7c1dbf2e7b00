// The schema and the module must judge every configuration alike, but for the few rules that a schema cannot say.
import { Ajv } from "ajv";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { openHost } from "../../../harness/index.ts";
import { type Verdict, openBareHost } from "../../../test/support/bare-host.ts";
import type { Json, Material } from "../../../test/support/mutations.ts";
import { type Judgement, acceptAll, judgeMutations } from "../../../test/support/parity.ts";
import { schemaFile } from "../../configs.ts";
import { type FaultInjectionConfig, faultInjectionConfig } from "../config.ts";
import { faultInjectionModule } from "./support.ts";

// One run is like another; with other seeds this has judged some 150,000.
fc.configureGlobal({ seed: 20_300_501 });

let configure: (config: string) => Verdict;
const schema = JSON.parse(schemaFile("fault-injection")) as object;
const bySchema = new Ajv({ allErrors: false, strict: false }).compile(schema);

beforeAll(async () => {
  configure = openBareHost(await faultInjectionModule()).configure;
}, 120_000);

function judge(candidate: Json): Judgement {
  const { accepted, logs } = configure(JSON.stringify(candidate));
  return { zod: faultInjectionConfig.safeParse(candidate).success, schema: bySchema(candidate), module: accepted, logs };
}

// Valid configurations. Without `headerControl.secret`: the bare host has no environment that it could come from. Without `regex`: whether it
// is one only the module knows.

const text = fc.string({ maxLength: 6 });
const headerName = fc.constantFrom("x-user", "X-Api-Key", "a_b", "x.y");
const most = fc.oneof(fc.constantFrom(1, 2, 1_000_000_000), fc.integer({ min: 1, max: 1_000_000_000 }));
const percentage = fc.oneof(fc.constantFrom(0, 100, 0.0001, 99.9999999, 1e-7), fc.double({ min: 0, max: 100, noNaN: true }).map(Math.abs));
/** In their order. */
const lengths = ["0s", "0ms", "1ns", "1.5us", "500us", "20ms", "0.9s", "1.50000000s", "60s", "1m", "1h30m", "23h60m", "24h"];
const length = fc.constantFrom(...lengths);
/** From a second to a year, in their order. */
const spans = ["1s", "1000ms", "1.000001s", "59s", "1m", "90m", "1h30m", "24h", "8784h"];
const sorted = (list: readonly string[], count: number) =>
  fc
    .array(fc.nat({ max: list.length - 1 }), { minLength: count, maxLength: count })
    .map((places) => places.sort((a, b) => a - b).map((at) => list[at] ?? ""));
/** An object with at least one of these. */
function some<T extends object>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  return fc.record(shape, { requiredKeys: [] }).filter((given) => Object.keys(given).length > 0) as fc.Arbitrary<Partial<T>>;
}

const value = fc.oneof(
  fc.record({ header: headerName }),
  fc.record({ cookie: fc.constantFrom("session", "__Host-id") }),
  fc.record({ query: fc.constantFrom("id", "a b", "filter[name]") }),
  fc.record({ pathSegment: fc.nat({ max: 255 }) }),
  fc.record({ pathTemplate: fc.constantFrom("/", "/users/{id}", "/users/{user-id}/orders/") }),
  fc.record({ principal: fc.constant({}) }),
  fc.record({ traceId: fc.constant({}) }),
  fc.record({ claim: fc.oneof(fc.constantFrom("sub", "a.b"), fc.constant(["realm", "roles"])) }),
  fc.record({ attribute: fc.constantFrom("request.id", "request.url_path", "request.headers[x-user]", "source.principal") }),
  fc.record({ constant: text }),
) as fc.Arbitrary<object>;
const masks = fc.record({ maskV4: fc.nat({ max: 32 }), maskV6: fc.nat({ max: 128 }) }, { requiredKeys: [] });
const key = fc.array(fc.oneof({ weight: 5, arbitrary: value }, { weight: 1, arbitrary: fc.record({ clientIp: masks }) }), {
  minLength: 1,
  maxLength: 3,
});
const condition = fc
  .tuple(
    fc.oneof(value, fc.constant({ clientIp: {} })),
    fc.oneof(
      fc.record({ exact: text }) as fc.Arbitrary<object>,
      fc.record({ prefix: text }),
      fc.record({ suffix: text }),
      fc.record({ in: fc.array(text, { minLength: 1, maxLength: 3 }) }),
      fc.record({ cidr: fc.array(fc.constantFrom("10.0.0.0/8", "::/0", "2001:db8::1"), { minLength: 1, maxLength: 2 }) }),
      fc.record({ present: fc.boolean() }),
    ),
    fc.record({ not: fc.boolean() }, { requiredKeys: [] }),
  )
  .map((parts) => Object.assign({}, ...parts) as object);

const percentiles = ["p0", "p0.5", "p7.0", "p50", "p90.25", "p99", "p99.9", "p99.9999", "p100"];
const table = fc
  .subarray(percentiles, { minLength: 1 })
  .chain((points) =>
    sorted(lengths, points.length).map((values) => Object.fromEntries(points.map((point, i) => [point, values[i] ?? ""]))),
  );
const delay = fc
  .tuple(
    fc.oneof(
      fc.record({ fixed: length }) as fc.Arbitrary<object>,
      fc.record({
        uniform: fc.oneof(
          fc.record({ max: length }),
          sorted(lengths, 2).map(([min, max]) => ({ min, max })),
        ),
      }),
      fc.record({ exponential: fc.record({ mean: length, max: length }, { requiredKeys: ["mean"] }) }),
      fc.record({ percentiles: table }),
    ),
    fc.record({ percentage }, { requiredKeys: [] }),
  )
  .map(([shape, more]) => ({ ...shape, ...more }));

const headers = (names: readonly string[]) =>
  fc.dictionary(fc.constantFrom(...names), fc.constantFrom("", "no-store", "\ttab", "\u{1f40c}"), { maxKeys: 3 });
const bodiless = (status: number | undefined) => [204, 205, 304].includes(status ?? 0);
const answer = fc
  .record(
    {
      status: fc.oneof(fc.integer({ min: 200, max: 599 }), fc.constantFrom(200, 204, 205, 304, 599)),
      grpcStatus: fc.oneof(fc.constantFrom("OK", "UNAVAILABLE", "UNAUTHENTICATED"), fc.integer({ min: 0, max: 16 })),
      body: text,
      contentType: fc.constantFrom("application/json", "text/plain; charset=utf-8", "\u00e4"),
      headers: headers(["x-why", "X-Why", "retry-after", "server", "hosts"]),
      reset: fc.constant(false),
      percentage,
    },
    { requiredKeys: [] },
  )
  .map((given) => (bodiless(given.status) && given.body ? { ...given, body: "" } : given));
const reset = fc.record({ reset: fc.constant(true), percentage }, { requiredKeys: ["reset"] });
const abort = fc.oneof({ weight: 4, arbitrary: answer as fc.Arbitrary<object> }, { weight: 1, arbitrary: reset });

const editable = ["x-version", "Content-Type", "etag", "server", "set-cookie"];
const response = fc
  .tuple(
    some({
      status: fc.integer({ min: 200, max: 599 }).filter((status) => !bodiless(status)),
      set: headers(editable),
      add: headers(editable),
      remove: fc.array(fc.constantFrom(...editable), { maxLength: 3 }),
    }),
    fc.record({ percentage }, { requiredKeys: [] }),
  )
  .map(([change, more]) => ({ ...change, ...more }));

const instants = [
  ...["1970-01-01T00:00:01+00:00", "1999-12-31T23:59:59.999999999Z", "2000-02-29T12:00:00-05:00", "2030-05-01T12:00:00.5Z"],
  ...["2030-05-01T14:00:00.6+02:00", "2100-02-28T23:59:59-23:59", "2199-12-31T23:59:59.999999999Z"],
];
const during = fc
  .tuple(
    fc.oneof(
      fc.constant({}) as fc.Arbitrary<object>,
      fc.record({ from: fc.constantFrom("1970-01-01T00:00:00Z", ...instants) }),
      fc.record({ until: fc.constantFrom(...instants) }),
      fc.nat({ max: instants.length - 2 }).map((at) => ({ from: instants[at], until: instants[at + 1] })),
    ),
    fc.oneof(
      fc.constant({}) as fc.Arbitrary<object>,
      fc.constantFrom(["59s", "1m"], ["1s", "1.000001s"], ["24h", "8784h"], ["59m", "1h"]).map(([less, each]) => ({ each, for: less })),
    ),
  )
  .map(([bounds, back]) => ({ ...bounds, ...back }));

const fault = fc
  .tuple(
    fc.record(
      {
        name: fc.oneof(fc.constantFrom("flaky", "A.b-c_9", "z".repeat(64)), fc.stringMatching(/^[A-Za-z][A-Za-z0-9._-]{0,9}$/)),
        when: fc.array(condition, { maxLength: 2 }),
        key,
        attempt: fc.record({ number: most, key }, { requiredKeys: ["number"] }),
        during,
        forgetAfter: fc.constantFrom(...spans),
        mode: fc.constantFrom("enforce", "shadow", "off"),
      },
      { requiredKeys: ["name"] },
    ),
    fc.oneof(fc.constant({}) as fc.Arbitrary<object>, fc.record({ every: most }), fc.record({ first: most })),
    some({ delay: delay as fc.Arbitrary<object>, abort, response }),
  )
  .map(([own, counted, effects]): { name: string } => ({ ...own, ...counted, ...effects }));
const headerControl = fc.record(
  {
    from: fc.array(fc.constantFrom("*", "cluster.local/ns/test/*", "*/sa/ann", "td/ns/a/sa/b", "\u00e4"), { minLength: 1, maxLength: 3 }),
    secretHeader: fc.constantFrom("x-secret", "Authorization", "content-type"),
    delayPercentage: percentage,
    abortPercentage: percentage,
    denominator: fc.constantFrom("HUNDRED", "TEN_THOUSAND", "MILLION"),
    strip: fc.boolean(),
  },
  { requiredKeys: ["from"] },
);
const config = fc.record(
  {
    faults: fc.uniqueArray(fault, { minLength: 1, maxLength: 3, selector: (one) => one.name }),
    seed: fc.oneof(fc.string({ minLength: 1, maxLength: 6 }), fc.constantFrom(0, 42, Number.MAX_SAFE_INTEGER), fc.maxSafeNat()),
    maxActive: fc.oneof(fc.constantFrom(0, 1_000_000_000), fc.nat({ max: 1_000_000_000 })),
    keySlots: fc.oneof(fc.constantFrom(16, 16_777_216), fc.integer({ min: 16, max: 16_777_216 })),
    headerControl,
    responseHeader: fc.constantFrom("x-fault", "X-Fault", "server-timing"),
  },
  { requiredKeys: ["faults"] },
) as unknown as fc.Arbitrary<Json>;

// One place changed.

const numbers: Json[] = [0, 1, 2, 15, 16, 17, 32, 33, 99.9, 100, 100.00000001, 101, 128, 129, 199, 200, 204, 205, 255, 256, 304, 599, 600];
numbers.push(
  1_000_000_000,
  1_000_000_001,
  16_777_216,
  16_777_217,
  2 ** 31,
  2 ** 32,
  2 ** 32 + 1,
  Number.MAX_SAFE_INTEGER,
  2 ** 53,
  2 ** 63,
);
numbers.push(1e21, -1, 1.5, 1e-7, 1e-8, -1e-9);
const periods: Json[] = [
  ...lengths,
  ...spans,
  "24h1ns",
  "25h",
  "8784h1ns",
  "8785h",
  "0.999999s",
  "999ms",
  "999999999ns",
  "1.0ns",
  "1d",
  "-1s",
];
periods.push(
  "1.0000001s",
  "0.0000000s",
  "1000.0005us",
  "1e3s",
  "",
  "0",
  "1",
  "1 s",
  "1.s",
  ".5s",
  "1S",
  "99999999999999999999h",
  "1s\n",
  60,
);
const times: Json[] = [...instants, "1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "2023-02-29T00:00:00Z", "2030-13-01T00:00:00Z"];
times.push("2030-05-01", "2030-05-01T12:00:00", "2030-05-01T12:00:00z", "2030-05-01T24:00:00Z", "2016-12-31T23:59:60Z", "now", "", 0);
times.push("2030-05-01T12:00:00.1234567890Z", "2030-05-01T12:00:00.Z", "2030-05-01T12:00:00+24:00", "2030-05-01T12:00:00 +02:00");
const names: Json[] = ["flaky", "header-control", "Header-Control", "", "a", "9a", "-a", "a b", "a=b", "\u00e4", "a\u0000", "z".repeat(64)];
names.push("z".repeat(65), "a.b", "_a", 1, null);
const junk: Json[] = [
  ...([null, true, false, "", "nonsense", "bad name", "a\u0000b", "\u007f", "\u{1f40c}", [], [1], [""], [null], {}, [{}]] as Json[]),
  ...(["te", "Content-Length", ":path", "content-type", "x", "*", "*a*", "a*b", "**", "spiffe://a/b", "a*", "*a", "off"] as Json[]),
  ...([{ unknown: 1 }, { header: "x" }, { header: "x", query: "y" }, { fixed: "1s" }, { uniform: { max: "1s" } }, { max: "1s" }] as Json[]),
  ...([
    { mean: "1s" },
    { p50: "1s", p99: "1ms" },
    { p50: "1s", "p50.0": "1s" },
    { p101: "1s" },
    { p0: "1ms" },
    { "p1.00000": "1s" },
  ] as Json[]),
  ...([{ status: 204 }, { status: 304, body: "x" }, { reset: true }, { reset: true, body: "" }, { percentage: 1 }, { set: {} }] as Json[]),
  ...([
    { set: { "Content-Length": "1" } },
    { add: { "a b": "" } },
    { remove: ["te"] },
    { headers: { a: "\n" } },
    { from: ["*"] },
  ] as Json[]),
  ...([{ from: instants[3] ?? "", until: instants[2] ?? "" }, { each: "1m" }, { for: "1m" }, { each: "1m", for: "1m" }] as Json[]),
  ...([{ number: 1 }, { number: 0 }, { key: [{ header: "x" }] }, [{ header: "x" }], [{ header: "x", exact: "y" }]] as Json[]),
  ...([Array<Json>(16).fill({ header: "x" }), Array<Json>(17).fill({ header: "x" }), Array<Json>(65).fill("x"), ["10.0.0.1/8"]] as Json[]),
  ...([Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`x-${i}`, ""])), "DEADLINE_EXCEEDED", "deadline_exceeded"] as Json[]),
];
const duration = { fixed: periods, min: periods, max: periods, mean: periods, forgetAfter: periods, each: periods, for: periods };

const material: Material = {
  keys: [
    ...["every", "first", "attempt", "during", "forgetAfter", "delay", "abort", "response", "mode", "key", "when", "number", "each", "for"],
    ...["from", "until", "fixed", "uniform", "exponential", "percentiles", "min", "max", "p50", "p50.0", "p99.99999", "percentage"],
    ...[
      "status",
      "grpcStatus",
      "body",
      "headers",
      "reset",
      "set",
      "add",
      "remove",
      "surplus",
      "maskV4",
      "seed",
      "strip",
      "env",
      "x-a",
      "TE",
    ],
  ],
  values: [...junk, ...numbers.slice(0, 12), "1s", "1m", instants[2] ?? "", "20ms"],
  numbers,
  byKey: { ...duration, ...Object.fromEntries(percentiles.map((one) => [one, periods])), from: times, until: times, name: names },
  junk: [...junk, ...numbers, ...periods, ...times],
};

/** A configuration with one fault, which differs from a plain one in these fields. */
function one(fields: object, without: readonly string[] = []): { faults: object[] } {
  const plain = { name: "a", abort: {} };
  return { faults: [Object.fromEntries(Object.entries({ ...plain, ...fields }).filter(([name]) => !without.includes(name)))] };
}
const controlled = (fields: object) => ({ headerControl: { from: ["*"], ...fields } });

/** What a schema cannot say, by the module's words: there the schema may take what the module refuses. An example of each. */
const beyondSchema: [rule: string, example: object][] = [
  ["is another fault's name already", { faults: [...one({}).faults, ...one({}).faults] }],
  ["duration out of range", one({ delay: { fixed: "24h1ns" } })],
  // More decimals than there are nanoseconds, and more than 292 years.
  ['must be a duration with a unit, as "250ms" or "1.5s"', one({ delay: { fixed: "1.0000001s" } })],
  ["must not be more than max", one({ delay: { uniform: { min: "2s", max: "1s" } } })],
  ["is there already", one({ delay: { percentiles: { p50: "1s", "p50.0": "1s" } } })],
  ["must not be less than a lower percentile's", one({ delay: { percentiles: { p99: "1s", p50: "2s" } } })],
  ["must be empty with 204, which has none", one({ abort: { status: 204, body: "x" } })],
  ["must be empty with 205, which has none", one({ abort: { status: 205, body: "x" } })],
  ["must be empty with 304, which has none", one({ abort: { status: 304, body: "x" } })],
  ["is of an answer, and reset gives none", one({ abort: { reset: true, status: 500 } })],
  ['must be a time as "2030-05-01T12:00:00Z" (RFC 3339), from 1970 to 2199', one({ during: { from: "2023-02-29T00:00:00Z" } })],
  ["must be later than from", one({ during: { from: "2030-05-01T12:00:00Z", until: "2030-05-01T14:00:00+02:00" } })],
  ["must be less than each", one({ during: { each: "60s", for: "1m" } })],
  ["has bits beyond its prefix", one({ when: [{ clientIp: {}, cidr: ["10.0.0.1/8"] }] })],
  ["must be a network", one({ when: [{ clientIp: {}, cidr: ["10.0.0.0/33"] }] })],
];

/** All keys that objects may have somewhere in a schema. */
function fieldsOf(part: unknown): string[] {
  if (typeof part !== "object" || part === null) return [];
  const own = "properties" in part && typeof part.properties === "object" ? Object.keys(part.properties ?? {}) : [];
  return [...own, ...Object.values(part).flatMap(fieldsOf)];
}

test("1,000 valid configurations are accepted by zod, by the schema and by the module", () => {
  const seen = acceptAll(config, judge, 1_000);

  // All that the schema knows was there, and often, but for what is left out above.
  const fields = [...new Set(fieldsOf(schema))].filter((field) => !["secret", "env", "regex"].includes(field));
  expect(fields.length).toBeGreaterThan(60);
  expect(fields.filter((field) => (seen.get(field) ?? 0) < 30)).toEqual([]);
});

test("3,000 configurations with one place changed are judged alike by zod and the module, and the schema refuses none that the module takes", () => {
  const { refused, accepted } = judgeMutations({
    filter: "fault-injection",
    config,
    material,
    judge,
    beyondSchema: beyondSchema.map(([rule]) => rule),
    numRuns: 3_000,
  });

  expect(refused).toBeGreaterThan(1_000);
  expect(accepted).toBeGreaterThan(300);
});

test.each(beyondSchema)("only the schema takes what %s", (rule, example) => {
  const { zod, schema: taken, module, logs } = judge(example as Json);

  expect({ zod, taken, module }).toEqual({ zod: false, taken: true, module: false });
  expect(logs).toEqual([expect.stringContaining(rule)]);
});

/** Those of a list that are taken, after all three were asked about each; the schema may take more. */
function takenOf<T extends Json>(list: readonly T[], of: (entry: T) => object, schemaKnows = false): T[] {
  const verdicts = list.map((entry) => ({ entry, ...judge(of(entry) as Json) }));
  expect(verdicts.filter(({ zod, module }) => zod !== module)).toEqual([]);
  expect(verdicts.filter(({ schema: taken, module }) => taken !== module && (schemaKnows || module))).toEqual([]);
  return verdicts.filter(({ module }) => module).map(({ entry }) => entry);
}
const asJson = (given: object) => given as unknown as Json;

describe("at their edges", () => {
  test("whole numbers are judged alike by all three", () => {
    const whole = numbers as number[];
    const within = (least: number, highest: number) => whole.filter((n) => Number.isInteger(n) && n >= least && n <= highest);
    const hard: [highest: [number, number], of: (n: number) => object][] = [
      [[1, 1_000_000_000], (every) => one({ every })],
      [[1, 1_000_000_000], (first) => one({ first })],
      [[1, 1_000_000_000], (number) => one({ attempt: { number } })],
      [[200, 599], (status) => one({ abort: { status } })],
      [[0, 16], (grpcStatus) => one({ abort: { grpcStatus } })],
      [[0, Number.MAX_SAFE_INTEGER], (seed) => ({ seed })],
      [[0, 1_000_000_000], (maxActive) => ({ maxActive })],
      [[16, 16_777_216], (keySlots) => ({ keySlots })],
      [[0, 32], (maskV4) => one({ key: [{ clientIp: { maskV4 } }] })],
      [[0, 255], (pathSegment) => one({ key: [{ pathSegment }] })],
    ];
    for (const [[least, highest], of] of hard) expect(takenOf(whole, of, true)).toEqual(within(least, highest));
    expect(takenOf(whole, (status) => one({ response: { status } }), true)).toEqual([200, 255, 256, 599]);
  });

  test("lists and objects are judged alike by all three, by how much is in them", () => {
    const sizes = [0, 1, 16, 17, 64, 65];
    const many = (size: number) => Array.from({ length: size }, (_, i) => `x-${i}`);
    const object = (size: number) => Object.fromEntries(many(size).map((name) => [name, ""]));
    const values = (size: number) => many(size).map((header) => ({ header }));
    expect(takenOf(sizes, (size) => one({ key: values(size) }), true)).toEqual([1, 16]);
    expect(takenOf(sizes, (size) => one({ attempt: { number: 1, key: values(size) } }), true)).toEqual([1, 16]);
    expect(takenOf(sizes, (size) => one({ abort: { headers: object(size) } }), true)).toEqual([0, 1, 16, 17, 64]);
    expect(takenOf(sizes, (size) => one({ response: { set: object(size) } }), true)).toEqual([0, 1, 16, 17, 64]);
    expect(takenOf(sizes, (size) => one({ response: { add: object(size) } }), true)).toEqual([0, 1, 16, 17, 64]);
    expect(takenOf(sizes, (size) => one({ response: { remove: many(size) } }), true)).toEqual([0, 1, 16, 17, 64]);
    expect(takenOf(sizes, (size) => controlled({ from: many(size) }), true)).toEqual(sizes.slice(1));
  });

  test("percentages are judged alike by all three", () => {
    const given = [
      0, 1e-7, 1e-8, 1e-300, 0.1, 99.9999999, 99.99999999, 100, 100.0000001, 100.00000001, 101, 1_000, -1e-9, -1, 1e21, 5e-324,
    ];
    const fine = given.filter((n) => n >= 0 && n <= 100);
    for (const of of [
      (percentage: number) => one({ delay: { fixed: "1s", percentage } }),
      (percentage: number) => one({ abort: { percentage } }),
      (percentage: number) => one({ response: { status: 200, percentage } }),
      (delayPercentage: number) => controlled({ delayPercentage }),
      (abortPercentage: number) => controlled({ abortPercentage }),
    ]) {
      expect(takenOf(given, of, true)).toEqual(fine);
    }
  });

  test("durations are judged alike", () => {
    const delays = [...lengths, "1000ms", "1.000001s", "59s", "1s", "90m", "0.999999s", "999ms", "999999999ns", "0.0000000s"];
    const all = [...new Set(periods)];
    const taken = takenOf(all, (fixed) => one({ delay: { fixed } }));
    expect(new Set(taken)).toEqual(new Set(delays));
    for (const of of [
      (max: Json) => one({ delay: { uniform: { max } } }),
      (mean: Json) => one({ delay: { exponential: { mean } } }),
      (max: Json) => one({ delay: { exponential: { mean: "1s", max } } }),
      (p99: Json) => one({ delay: { percentiles: { p99 } } }),
    ]) {
      expect(takenOf(all, of)).toEqual(taken);
    }
    const year = takenOf(all, (forgetAfter) => one({ forgetAfter }));
    expect(year).toEqual(all.filter((period) => [...spans, "60s", "1.50000000s", "23h60m", "24h1ns", "25h"].includes(String(period))));
  });

  test("times are judged alike, and those that no calendar has are none", () => {
    expect(takenOf(times, (from) => one({ during: { from } }))).toEqual(instants);
    expect(takenOf(times, (until) => one({ during: { until } }))).toEqual(instants);
  });

  test("an end at the beginning of 1970 is judged alike", () => {
    const { zod, module, logs } = judge(asJson(one({ during: { until: "1970-01-01T00:00:00Z" } })));

    expect({ zod, logs }).toEqual({ zod: module, logs });
  });

  test("percentiles are told by all three, from p0 to p100 with four decimals at most", () => {
    const good = ["p0", "p0.0", "p1", "p9.9999", "p10", "p50.5", "p99.9999", "p100"];
    const bad = [
      "",
      "p",
      "50",
      "P50",
      "p01",
      "p00",
      "p100.0",
      "p101",
      "p1000",
      "p-1",
      "p5.",
      "p.5",
      "p99.99999",
      "p5,5",
      "p1.2.3",
      "p5 ",
      "p\u0665",
    ];
    bad.push("p1e1", "p+1", "p50%", "pp50", "p50\n", "p9.99a");
    expect(takenOf([...good, ...bad], (point) => one({ delay: { percentiles: { [point]: "1s" } } }), true)).toEqual(good);
  });

  test("names of faults are told by all three, but for `header-control` no name is taken", () => {
    const good = ["a", "Z9", "a.b-c_d", "z".repeat(64), "Header-Control", "header-controls"];
    const bad = ["", "9a", "-a", ".a", "_a", "a b", "a=b", "a,b", "a;b", "\u00e4", "a\u0000", "a\n", "z".repeat(65), "header-control"];
    expect(takenOf([...good, ...bad], (name) => one({ name }), true)).toEqual(good);
  });

  test("patterns of who may send Envoy's headers are told by all three", () => {
    const good = ["*", "a", "a/b", "a*", "*a", "spiffe:/a", "\u00e4", " ", "*spiffe://a", "a\u0000"];
    const bad = ["", "**", "a**", "**a", "*a*", "a*b", "spiffe://a", "spiffe://", "spiffe://*"];
    const of = (pattern: string) => ({ headerControl: { from: [pattern] } });
    expect(takenOf([...good, ...bad], of, true)).toEqual(good);
  });

  test("texts are a seed when they are not empty, whatever they hold", () => {
    const good = ["0", " ", "\u0000", "\u{1f40c}", "x".repeat(1_000)];
    expect(takenOf([...good, "", null, true, [], {}, 1.5], (seed) => ({ seed }), true)).toEqual(good);
  });
});

test("header names that frame a message are refused in any case, wherever headers are named", () => {
  const framing = [
    ...["host", "content-length", "transfer-encoding", "connection", "upgrade", "keep-alive", "proxy-connection", "http2-settings"],
    ...["trailer", "te", ":status", ":path", "", "a b"],
  ];
  const all = framing.flatMap((name) => [name, name.toUpperCase()]);
  const fine = ["x-te", "hosts", "server", "date", "set-cookie", "retry-after", "X-Forwarded-Proto"];
  const places: [(name: string) => object, contentType: boolean][] = [
    [(name) => one({ abort: { headers: { [name]: "1" } } }), false],
    [(name) => one({ response: { set: { [name]: "1" } } }), true],
    [(name) => one({ response: { add: { [name]: "1" } } }), true],
    [(name) => one({ response: { remove: [name] } }), true],
    [(responseHeader) => ({ responseHeader }), false],
    [(secretHeader) => controlled({ secretHeader }), true],
  ];
  for (const [of, contentType] of places) {
    expect(takenOf([...all, ...fine, "Content-Type"], of, true)).toEqual([...fine, ...(contentType ? ["Content-Type"] : [])]);
  }
});

test("an answer's reset excludes all that an answer is of, and each way to delay all others", () => {
  const parts = { status: 500, grpcStatus: 1, body: "", contentType: "", headers: {} };
  const names = Object.keys(parts) as (keyof typeof parts)[];
  expect(takenOf(names, (name) => one({ abort: { reset: true, [name]: parts[name] } }))).toEqual([]);
  expect(takenOf(names, (name) => one({ abort: { reset: false, [name]: parts[name] } }), true)).toEqual(names);
  const shapes = { fixed: "1s", uniform: { max: "1s" }, exponential: { mean: "1s" }, percentiles: { p50: "1s" } };
  const ways = Object.keys(shapes) as (keyof typeof shapes)[];
  for (const way of ways) {
    expect(takenOf(ways, (other) => one({ delay: { [way]: shapes[way], [other]: shapes[other] } }), true)).toEqual([way]);
  }
});

describe("a refusal names the path, the place and the fix", () => {
  test.each<[object, string]>([
    [one({}, ["name"]), "faults[0] (line 1, column 12): name is missing"],
    [one({ name: "a b" }), "faults[0].name (line 1, column 21): must be 1 to 64 letters, digits, - . or _, a letter first"],
    [one({ name: "header-control" }), "faults[0].name (line 1, column 21): is that of headerControl's faults"],
    [{ faults: [...one({}).faults, ...one({}).faults] }, "faults[1].name (line 1, column 45): is another fault's name already"],
    [one({}, ["abort"]), "faults[0] (line 1, column 12): needs one of: delay, abort, response"],
    [one({ every: 0 }), "faults[0].every (line 1, column 43): must be a whole number from 1 to 1000000000, got 0"],
    [one({ every: 2, first: 1 }), "faults[0].first (line 1, column 53): does not go with every"],
    [one({ attempt: {} }), "faults[0].attempt (line 1, column 45): number is missing"],
    [one({ key: [] }), "faults[0].key (line 1, column 41): must not be empty"],
    [one({ key: Array(17).fill({ header: "x" }) }), "faults[0].key (line 1, column 41): must have 16 values at most"],
    [one({ key: [{ header: "bad name" }] }), 'faults[0].key[0].header (line 1, column 53): must be a header name, got "bad name"'],
    [
      one({ attempt: { number: 1, key: [{ header: "x", query: "y" }] } }),
      "faults[0].attempt.key[0].query (line 1, column 87): names a second value: header or query, not both",
    ],
    [
      one({ forgetAfter: "1d" }),
      'faults[0].forgetAfter (line 1, column 50): must be a duration with a unit, as "250ms" or "1.5s", got "1d"',
    ],
    [one({ forgetAfter: "0s" }), "faults[0].forgetAfter (line 1, column 50): duration out of range"],
    [
      one({ during: { from: "2030-05-01" } }),
      'faults[0].during.from (line 1, column 53): must be a time as "2030-05-01T12:00:00Z" (RFC 3339), from 1970 to 2199',
    ],
    [
      one({ during: { from: "2030-05-01T12:00:00Z", until: "2030-05-01T12:00:00Z" } }),
      "faults[0].during.until (line 1, column 84): must be later than from",
    ],
    [one({ during: { each: "1h" } }), "faults[0].during.each (line 1, column 53): needs for: how long"],
    [one({ during: { for: "1h" } }), "faults[0].during.for (line 1, column 52): needs each: how often"],
    [one({ during: { each: "1h", for: "60m" } }), "faults[0].during.for (line 1, column 64): must be less than each"],
    [one({ delay: {} }), "faults[0].delay (line 1, column 43): needs one of: fixed, uniform, exponential, percentiles"],
    [
      one({ delay: { fixed: "1s", uniform: { max: "1s" } } }),
      "faults[0].delay.uniform (line 1, column 67): names a second shape: fixed or uniform, not both",
    ],
    [one({ delay: { fixed: "25h" } }), "faults[0].delay.fixed (line 1, column 53): duration out of range"],
    [one({ delay: { uniform: {} } }), "faults[0].delay.uniform (line 1, column 54): max is missing"],
    [one({ delay: { uniform: { min: "2s", max: "1s" } } }), "faults[0].delay.uniform.min (line 1, column 62): must not be more than max"],
    [one({ delay: { exponential: {} } }), "faults[0].delay.exponential (line 1, column 58): mean is missing"],
    [one({ delay: { percentiles: {} } }), "faults[0].delay.percentiles (line 1, column 58): must have at least one percentile"],
    [
      one({ delay: { percentiles: { p101: "1s" } } }),
      "faults[0].delay.percentiles.p101 (line 1, column 67): must be a percentile: p0 to p100, with four decimals at most",
    ],
    [
      one({ delay: { percentiles: { p50: "1s", "p50.0": "1s" } } }),
      "faults[0].delay.percentiles.p50.0 (line 1, column 79): is there already",
    ],
    [
      one({ delay: { percentiles: { p99: "1s", p50: "2s" } } }),
      "faults[0].delay.percentiles.p99 (line 1, column 66): must not be less than a lower percentile's",
    ],
    [
      one({ delay: { fixed: "1s", percentage: 101 } }),
      "faults[0].delay.percentage (line 1, column 70): must be a number from 0 to 100, got 101",
    ],
    [one({ abort: { status: 100 } }), "faults[0].abort.status (line 1, column 42): must be a whole number from 200 to 599, got 100"],
    [one({ abort: { status: 204, body: "x" } }), "faults[0].abort.body (line 1, column 54): must be empty with 204, which has none"],
    [
      one({ abort: { grpcStatus: "BAD" } }),
      'faults[0].abort.grpcStatus (line 1, column 47): must be one of "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED", got "BAD"',
    ],
    [one({ abort: { grpcStatus: 17 } }), "faults[0].abort.grpcStatus (line 1, column 46): must be a whole number from 0 to 16, got 17"],
    [one({ abort: { reset: true, status: 500 } }), "faults[0].abort.status (line 1, column 55): is of an answer, and reset gives none"],
    [
      one({ abort: { headers: { te: "1" } } }),
      "faults[0].abort.headers.te (line 1, column 50): is no name of a header that may be added here",
    ],
    [one({ abort: { headers: { "x-a": "a\nb" } } }), "faults[0].abort.headers.x-a (line 1, column 45): is no header value"],
    [one({ response: {} }), "faults[0].response (line 1, column 46): needs one of: status, set, add, remove"],
    [one({ response: { status: 304 } }), "faults[0].response.status (line 1, column 56): must be a status that has a body"],
    [
      one({ response: { set: { "content-length": "1" } } }),
      "faults[0].response.set.content-length (line 1, column 72): is no name of a header that may be changed here",
    ],
    [one({ response: { add: { "x-a": "a\nb" } } }), "faults[0].response.add.x-a (line 1, column 55): is no header value"],
    [
      one({ response: { remove: ["x", "host"] } }),
      "faults[0].response.remove[1] (line 1, column 62): is no name of a header that may be changed here",
    ],
    [one({ mode: "on" }), 'faults[0].mode (line 1, column 43): must be one of "enforce", "shadow", "off", got "on"'],
    [
      one({ abrot: {} }),
      "faults[0].abrot (line 1, column 36): unknown field; known: name, when, key, every, first, attempt, during, forgetAfter, delay, abort, response, mode",
    ],
    [
      one({ delay: { fixed: "1s", length: "1s" } }),
      "faults[0].delay.length (line 1, column 58): unknown field; known: fixed, uniform, exponential, percentiles, percentage",
    ],
    [
      one({ abort: { code: 1 } }),
      "faults[0].abort.code (line 1, column 34): unknown field; known: status, grpcStatus, body, contentType, headers, reset, percentage",
    ],
    [one({ during: { to: "1s" } }), "faults[0].during.to (line 1, column 46): unknown field; known: from, until, each, for"],
    [
      one({ response: { code: 1, status: 500 } }),
      "faults[0].response.code (line 1, column 48): unknown field; known: status, set, add, remove, percentage",
    ],
    [{ seed: "" }, "seed (line 1, column 10): must be a text that is not empty, or a whole number"],
    [{ seed: 1.5 }, "seed (line 1, column 9): must be a whole number from 0 to 9007199254740991, got 1.5"],
    [{ seed: -1 }, "seed (line 1, column 9): must be a whole number from 0 to 9007199254740991, got -1"],
    [{ seed: true }, "seed (line 1, column 9): must be a text that is not empty, or a whole number"],
    [{ maxActive: -1 }, "maxActive (line 1, column 14): must be a whole number from 0 to 1000000000, got -1"],
    [{ keySlots: 15 }, "keySlots (line 1, column 13): must be a whole number from 16 to 16777216, got 15"],
    [{ responseHeader: "te" }, "responseHeader (line 1, column 20): is no name of a header that may be added here"],
    [{ headerControl: {} }, "headerControl (line 1, column 18): needs one of: secret, from"],
    [{ headerControl: { from: [] } }, "headerControl.from (line 1, column 26): must not be empty"],
    [
      { headerControl: { from: ["*a*"] } },
      "headerControl.from[0] (line 1, column 28): must be a principal without spiffe://, with a * in front or at the end at most",
    ],
    [
      { headerControl: { from: ["spiffe://a"] } },
      "headerControl.from[0] (line 1, column 28): must be a principal without spiffe://, with a * in front or at the end at most",
    ],
    [
      controlled({ secret: { env: "A" } }),
      "headerControl.secret.env (line 1, column 49): names nothing in the VM's environment: set A in vm_config.environment_variables; headerControl (line 1, column 18): has one too many: secret or from, not both",
    ],
    [{ headerControl: { secret: { env: "" } } }, "headerControl.secret.env (line 1, column 36): must not be empty"],
    [{ headerControl: { secret: {} } }, "headerControl.secret (line 1, column 28): env is missing"],
    [{ headerControl: { secret: "s3cret" } }, 'headerControl.secret (line 1, column 29): must be an object, got "s3cret"'],
    [
      controlled({ denominator: "TEN" }),
      'headerControl.denominator (line 1, column 47): must be one of "HUNDRED", "TEN_THOUSAND", "MILLION", got "TEN"',
    ],
    [
      controlled({ secretHeader: ":path" }),
      "headerControl.secretHeader (line 1, column 48): is no name of a header that may be changed here",
    ],
    [
      controlled({ delay: 1 }),
      "headerControl.delay (line 1, column 33): unknown field; known: secret, secretHeader, from, delayPercentage, abortPercentage, denominator, strip",
    ],
    [{ fault: [] }, "fault (line 1, column 3): unknown field; known: faults, seed, maxActive, keySlots, headerControl, responseHeader"],
  ])("%j", (candidate, message) => {
    const { logs, module, zod } = judge(asJson(candidate));

    expect({ module, zod }).toEqual({ module: false, zod: false });
    expect(logs.map((line) => line.replace(/^\[fault-injection #\d+\] configuration refused: /, ""))).toEqual([message]);
  });

  /** The part of the schema that a path leads to. */
  const propertiesAt = (path: readonly string[]) => {
    let part = schema as Record<string, unknown>;
    for (const step of path) part = (step === "[]" ? part["items"] : (part["properties"] as object)[step as never]) as typeof part;
    return Object.keys(part["properties"] as object).join(", ");
  };

  test.each<[path: string[], example: object]>([
    [[], { surplus: 1 }],
    [["faults", "[]"], one({ surplus: 1 })],
    [["faults", "[]", "attempt"], one({ attempt: { number: 1, surplus: 1 } })],
    [["faults", "[]", "during"], one({ during: { surplus: 1 } })],
    [["faults", "[]", "delay"], one({ delay: { fixed: "1s", surplus: 1 } })],
    [["faults", "[]", "delay", "uniform"], one({ delay: { uniform: { max: "1s", surplus: 1 } } })],
    [["faults", "[]", "delay", "exponential"], one({ delay: { exponential: { mean: "1s", surplus: 1 } } })],
    [["faults", "[]", "abort"], one({ abort: { surplus: 1 } })],
    [["faults", "[]", "response"], one({ response: { status: 200, surplus: 1 } })],
    [["headerControl"], controlled({ surplus: 1 })],
  ])("the fields that it lists for an unknown one are those of the schema, in its order: at %j", (path, example) => {
    expect(judge(asJson(example)).logs).toEqual([expect.stringMatching(/surplus \(line 1, column \d+\): unknown field; known: .+$/)]);
    expect(judge(asJson(example)).logs[0]?.split("known: ")[1]).toBe(propertiesAt(path));
  });

  test("zod says the same of what it refuses by rules of its own, at the same place", () => {
    const said = (candidate: object) =>
      faultInjectionConfig.safeParse(candidate).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);

    expect(said(one({ name: "header-control" }))).toEqual(["faults.0.name: is that of headerControl's faults"]);
    expect(said({ faults: [...one({}).faults, ...one({}).faults] })).toEqual(["faults.1.name: is another fault's name already"]);
    expect(said(one({}, ["abort"]))).toEqual(["faults.0: needs one of: delay, abort, response"]);
    expect(said(one({ every: 2, first: 1 }))).toEqual(["faults.0.first: does not go with every"]);
    expect(said(one({ delay: {} }))).toEqual(["faults.0.delay: needs one of: fixed, uniform, exponential, percentiles"]);
    expect(said(one({ delay: { fixed: "25h" } }))).toEqual(["faults.0.delay.fixed: must be from 0s to 24h"]);
    expect(said(one({ delay: { uniform: { min: "2s", max: "1s" } } }))).toEqual(["faults.0.delay.uniform.min: must not be more than max"]);
    expect(said(one({ delay: { percentiles: { p99: "1s", p50: "2s" } } }))).toEqual([
      "faults.0.delay.percentiles.p99: must not be less than a lower percentile's",
    ]);
    expect(said(one({ delay: { percentiles: { p50: "1s", "p50.0": "1s" } } }))).toEqual([
      "faults.0.delay.percentiles.p50.0: is there already",
    ]);
    expect(said(one({ abort: { reset: true, status: 500 } }))).toEqual(["faults.0.abort.status: is of an answer, and reset gives none"]);
    expect(said(one({ response: {} }))).toEqual(["faults.0.response: needs one of: status, set, add, remove"]);
    expect(said(one({ during: { each: "1h" } }))).toEqual(["faults.0.during.each: needs for: how long"]);
    expect(said(one({ during: { each: "1h", for: "60m" } }))).toEqual(["faults.0.during.for: must be less than each"]);
    expect(said({ headerControl: {} })).toEqual(["headerControl: needs one of: secret, from"]);
    expect(said({ headerControl: { from: ["spiffe://a"] } })).toEqual([
      "headerControl.from.0: must be a principal without spiffe://, with a * in front or at the end at most",
    ]);
  });
});

describe("a secret comes from the VM's environment", () => {
  const headerControl = { secret: { env: "FAULT_SECRET" } };
  const open = async (environment: Record<string, string>) =>
    openHost({ plugins: [{ name: "fault-injection", wasm: await faultInjectionModule(), config: { headerControl }, environment }] });

  test("and is taken when it is there", async () => {
    expect(faultInjectionConfig.safeParse({ headerControl }).success).toBe(true);
    expect(bySchema({ headerControl })).toBe(true);
    await using host = await open({ FAULT_SECRET: "s3cret", OTHER: "x" });
    const abort = { "x-envoy-fault-abort-request": "418" };
    expect((await host.request({ headers: { ...abort, "x-fault-secret": "s3cret" } })).status).toBe(418);
    expect((await host.request({ headers: { ...abort, "x-fault-secret": "x" } })).status).toBe(200);
  });

  test.each<[Record<string, string>]>([[{}], [{ FAULT_SECRET: "" }], [{ fault_secret: "s3cret" }]])(
    "and with %j it is refused",
    async (environment) => {
      const wanted = "headerControl.secret.env (line 1, column 36): names nothing in the VM's environment: set FAULT_SECRET in vm_config";
      await expect(open(environment)).rejects.toThrow(wanted);
    },
  );

  test("and schema, zod and module refuse all else that it could be", () => {
    const bad: Json[] = ["s3cret", {}, { env: "" }, { env: 1 }, { env: "A", value: "b" }, { value: "s3cret" }, [], null, true];
    expect(takenOf(bad, (secret) => ({ headerControl: { secret } }), true)).toEqual([]);
    expect(takenOf(["A"], (env) => ({ headerControl: { secret: { env }, from: ["*"] } }), true)).toEqual([]);
  });
});

test("the type of a configuration is the schema's", () => {
  const typed: FaultInjectionConfig = {
    faults: [
      {
        name: "slow",
        when: [{ attribute: "request.url_path", prefix: "/api" }],
        key: [{ header: "x-user" }],
        attempt: { number: 1 },
        during: { from: "2030-05-01T12:00:00Z", each: "1h", for: "10m" },
        delay: { percentiles: { p50: "20ms", p99: "900ms" }, percentage: 10 },
        abort: { status: 503, grpcStatus: 14, percentage: 0.5 },
        response: { status: 500, set: { "x-a": "1" } },
      },
    ],
    seed: 42,
    headerControl: { from: ["cluster.local/ns/test/*"] },
    responseHeader: "x-fault",
  };
  const parsed = faultInjectionConfig.parse(typed);

  expect(parsed.faults[0]).toMatchObject({ mode: "enforce", forgetAfter: "1h", response: { percentage: 100 } });
  expect(faultInjectionConfig.parse({})).toEqual({ faults: [], maxActive: 10_000, keySlots: 65_536 });
  expect(judge(typed as Json)).toEqual({ zod: true, schema: true, module: true, logs: [] });
});
