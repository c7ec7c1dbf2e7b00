// The schema and the module must judge every configuration alike, but for the few rules that a schema cannot say.
import { Ajv } from "ajv";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Verdict, openBareHost } from "../../../test/support/bare-host.ts";
import type { Json, Material } from "../../../test/support/mutations.ts";
import { type Judgement, acceptAll, judgeMutations } from "../../../test/support/parity.ts";
import { metadataSchemaFile, schemaFile } from "../../configs.ts";
import { type RateLimitConfig, ratelimitConfig, ratelimitMetadata } from "../config.ts";
import { ratelimitModule } from "./support.ts";

let configure: (config: string) => Verdict;
const bySchema = new Ajv({ allErrors: false, strict: false }).compile(JSON.parse(schemaFile("ratelimit")));

beforeAll(async () => {
  configure = openBareHost(await ratelimitModule()).configure;
}, 120_000);

// Valid configurations.

const text = fc.string({ maxLength: 6 });
const headerName = fc.constantFrom("x-user", "X-Api-Key", "a_b", "x.y");
const mode = fc.constantFrom("enforce", "shadow", "off");
const count = fc.oneof(fc.constantFrom(1, 7, 60, 1_000, 999_983, 1_000_000_000), fc.integer({ min: 1, max: 1_000_000_000 }));
const durations: Record<string, bigint> = {
  "1ms": 10n ** 6n,
  "1000000ns": 10n ** 6n,
  "1500.5us": 1_500_500n,
  "250ms": 250n * 10n ** 6n,
  "1s": 10n ** 9n,
  "1.000001s": 1_000_001_000n,
  "1.50000000s": 1_500_000_000n,
  "60s": 60n * 10n ** 9n,
  "1m": 60n * 10n ** 9n,
  "1h30m": 5_400n * 10n ** 9n,
  "24h": 86_400n * 10n ** 9n,
  "8784h": 8_784n * 3_600n * 10n ** 9n,
};
const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b));
/** Numbers that 64 bits can count: see core/rate.ts. */
const rate = fc
  .record({ requests: count, per: fc.constantFrom(...Object.keys(durations)), burst: count }, { requiredKeys: ["requests", "per"] })
  .filter(({ requests, per, burst = requests }) => {
    const nanoseconds = durations[per] ?? 0n;
    return (nanoseconds / gcd(nanoseconds, BigInt(requests))) * BigInt(burst) < 1n << 61n;
  });
const windows = fc.uniqueArray(rate, { minLength: 1, maxLength: 8, selector: ({ per }) => per }).map((list) => ({ windows: list }));
/** One rate five times out of six, that there are batches. */
const rates = fc.oneof({ weight: 5, arbitrary: rate }, { weight: 1, arbitrary: windows });

const value = fc.oneof(
  fc.record({ header: headerName }),
  fc.record({ cookie: fc.constantFrom("session", "__Host-id") }),
  fc.record({ query: fc.constantFrom("id", "a b", "filter[name]") }),
  fc.record({ pathSegment: fc.nat({ max: 255 }) }),
  fc.record({ pathTemplate: fc.constantFrom("/", "/users/{id}", "/users/{user-id}/orders/") }),
  fc.record({ principal: fc.constant({}) }),
  fc.record({ claim: fc.oneof(fc.constantFrom("sub", "a.b"), fc.constant(["realm", "roles"])) }),
  fc.record({ attribute: fc.constantFrom("request.url_path", "request.headers[x-user]", "source.principal", "xds.route_name") }),
  fc.record({ constant: text }),
);
const masks = fc.record({ maskV4: fc.nat({ max: 32 }), maskV6: fc.nat({ max: 128 }) }, { requiredKeys: [] });
const keyPart = fc
  .tuple(
    fc.oneof({ weight: 9, arbitrary: value as fc.Arbitrary<object> }, { weight: 2, arbitrary: fc.record({ clientIp: masks }) }),
    fc.record({ onMissing: fc.constantFrom("skip", "empty", "deny") }, { requiredKeys: [] }),
  )
  .map(([part, more]) => ({ ...part, ...more }));
const condition = fc
  .tuple(
    fc.oneof(value as fc.Arbitrary<object>, fc.constant({ clientIp: {} })),
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

interface Cost {
  cost?: unknown;
  charge?: string;
}
const bounds = { default: fc.nat({ max: 1_000_000_000 }), max: count };
const late = fc.oneof(
  fc.record({ responseHeader: headerName, ...bounds }, { requiredKeys: ["responseHeader"] }) as fc.Arbitrary<object>,
  fc.record(
    { attribute: fc.constantFrom("request.total_size", "response.size", "response.total_size"), ...bounds },
    { requiredKeys: ["attribute"] },
  ),
);
const early = fc.oneof(
  fc.record({ header: headerName, ...bounds }, { requiredKeys: ["header"] }) as fc.Arbitrary<object>,
  fc.record({ attribute: fc.constant("request.size"), ...bounds }, { requiredKeys: ["attribute"] }),
);
const cost: fc.Arbitrary<Cost> = fc.oneof(
  fc.record({ cost: count, charge: fc.constantFrom("before", "after") }, { requiredKeys: [] }),
  fc.record({ cost: early, charge: fc.constantFrom("before", "after") }, { requiredKeys: ["cost"] }),
  fc.record({ cost: late, charge: fc.constant("after") }, { requiredKeys: ["cost"] }),
);

const name = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 64,
});
/** Everything of a limit that stands for itself. */
const rest = fc.record(
  {
    name,
    when: fc.array(condition, { maxLength: 2 }),
    perRoute: fc.boolean(),
    mode,
    enforcePercentage: fc.oneof(
      fc.constantFrom(0, 100, 0.0001, 99.9999999, 1e-7),
      fc.double({ min: 0, max: 100, noNaN: true }).map(Math.abs),
    ),
    onError: fc.constantFrom("deny", "allow"),
  },
  { requiredKeys: ["name"] },
);
interface Override {
  mode?: string;
  key: string[];
  windows?: unknown[];
}
/** Without numbers of its own a limit has none for an override's mode either. */
function offWithoutNumbers(special: Override): Override {
  return "requests" in special || "windows" in special ? special : { ...special, mode: "off" };
}

function overrides(parts: number): fc.Arbitrary<Override[]> {
  const key = fc.array(text, { minLength: parts, maxLength: parts });
  const numbers = fc.oneof(
    fc.record({ mode }) as fc.Arbitrary<object>,
    rates,
    fc.tuple(rates, fc.record({ mode })).map(([r, m]) => ({ ...r, ...m })),
  );
  return fc.uniqueArray(
    fc.tuple(key, numbers).map(([k, n]): Override => ({ key: k, ...n })),
    { maxLength: 3, selector: (entry) => JSON.stringify(entry.key) },
  );
}
const limit = fc
  .tuple(rest, fc.option(fc.array(keyPart, { maxLength: 3 }), { nil: undefined }), rates, cost, fc.nat({ max: 999 }), fc.boolean())
  .chain(([own, key, numbers, paid, more, bare]) =>
    fc.option(overrides(key?.length ?? 0), { nil: undefined }).map((special): { name: string } => {
      const { perRoute = false } = own;
      const lists = [...(special ?? []), numbers].map((one) => ("windows" in one && one.windows ? one.windows.length : 1));
      const simple = typeof paid.cost !== "object" && paid.charge !== "after" && Math.max(...lists) === 1;
      return {
        ...own,
        ...(key === undefined ? {} : { key }),
        // Where routes may bring numbers, there need be none.
        ...(perRoute && bare ? {} : numbers),
        ...(special === undefined ? {} : { overrides: perRoute && bare ? special.map(offWithoutNumbers) : special }),
        ...paid,
        ...(more < 300 ? { batch: simple ? more + 1 : 1 } : {}),
      };
    }),
  );
const refusal = fc.record(
  {
    status: fc.integer({ min: 400, max: 599 }),
    body: text,
    contentType: fc.constantFrom("application/json", "text/plain; charset=utf-8", "\ttab", "\u00e4 \u{1f40c}"),
    headers: fc.dictionary(
      fc.constantFrom("x-why", "X-Why", "cache-control", "x-forwarded-proto", "hosts"),
      fc.constantFrom("", "no-store", "\u{1f40c}"),
      {
        maxKeys: 3,
      },
    ),
    grpcStatus: fc.constantFrom("RESOURCE_EXHAUSTED", "UNAVAILABLE"),
  },
  { requiredKeys: [] },
);
const config = fc.record(
  {
    limits: fc.uniqueArray(limit, { minLength: 1, maxLength: 3, selector: (one) => one.name }),
    responseHeaders: fc.uniqueArray(fc.constantFrom("draft", "x-ratelimit")),
    keySlots: fc.oneof(fc.constantFrom(16, 16_777_216), fc.integer({ min: 16, max: 16_777_216 })),
    domain: text,
    refusal,
  },
  { requiredKeys: ["limits"] },
) as unknown as fc.Arbitrary<Json>;

// One place changed.

const numbers: Json[] = [0, 1, 2, 7, 8, 15, 16, 32, 33, 64, 100, 100.5, 128, 129, 255, 256, 400, 399, 599, 600, 1_000, 1_001];
numbers.push(1_000_000_000, 1_000_000_001, 16_777_216, 16_777_217, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 53, 2 ** 63, 1e21, -1, 1.5, 1e-7);
const periods: Json[] = ["0s", "0.5ms", "1ms", "0.999999ms", "999999ns", "1000000ns", "1000000.0ns", "8784h", "8785h", "8784h1ns", "1d"];
periods.push("1.0000001s", "1.0000000s", "1.0001us", "1000.5us", "1000.0005us", "1e3s", "", "1", "1 s", "1.s", ".5s", "-1s", "1S", "1h 1m");
periods.push("1m1h", "01s", "99999999999999999999h", "1s\n", "\u0661s", "60s", "1m");
const junk: Json[] = [
  ...([null, true, false, "", "nonsense", "bad name", "a\u0000b", "\u007f", "\u{1f40c}", [], [1], [""], [null], {}, [{}]] as Json[]),
  ...(["x".repeat(64), "x".repeat(65), "\u00e4", "te", "Content-Length", ":path", "/a{b}", "a=b", "before", "after", "off"] as Json[]),
  ...([["draft", "draft"], ["Draft"], ["x-ratelimit"], { unknown: 1 }, { maskV4: 24 }, { maskV4: 33 }, { clientIp: {} }] as Json[]),
  ...([{ header: "x" }, { header: "x", responseHeader: "y" }, { responseHeader: "x-tokens" }, { attribute: "request.size" }] as Json[]),
  ...([{ attribute: "response.size", default: 0 }, { attribute: "request.path" }, { requests: 1, per: "1s" }] as Json[]),
  ...([[{ requests: 1, per: "1s" }], [{ key: [""], mode: "off" }], [{ key: [], mode: "off" }], [{ header: "x" }]] as Json[]),
  ...([["10.0.0.1/8"], ["10.0.0.0/33"], ["999.0.0.1"], { host: "a" }, { hosts: "a" }, { "Content-Length": "1" }, { "a b": "" }] as Json[]),
];

const material: Material = {
  keys: ["batch", "burst", "windows", "mode", "per", "requests", "charge", "surplus", "onMissing", "maskV4"],
  values: [...numbers.slice(0, 6), ...junk, "1s"],
  numbers,
  byKey: { per: periods },
  junk: [...junk, ...numbers, ...periods],
};

/** What a schema cannot say, by the module's words: there the schema may take what the module refuses. An example of each. */
const beyondSchema: [rule: string, example: object][] = [
  ["is another limit's name already", { limits: [basis(), basis()] }],
  ["must differ from the other windows': the client knows them by it", limited({ windows: [rateOf(1), rateOf(2)] }, ["requests", "per"])],
  [
    "has an override already",
    limited({
      overrides: [
        { key: [], mode: "off" },
        { key: [], mode: "shadow" },
      ],
    }),
  ],
  [
    "must be off, for the limit has no numbers of its own",
    limited({ perRoute: true, overrides: [{ key: [], mode: "shadow" }] }, ["requests", "per"]),
  ],
  ["must hold one value for each part of the limit's key", limited({ overrides: [{ key: ["a"], mode: "off" }] })],
  ["with this per is too large to be counted exactly", limited({ requests: 999_983, per: "24h" })],
  ["must be from 1ms to 8784h", limited({ per: "0.5ms" })],
  // More decimals than there are nanoseconds, and more than 292 years.
  ['must be a duration with a unit, as "250ms" or "1.5s"', limited({ per: "1.0000001s" })],
  ["must be after: the cost is not known before the response", limited({ cost: { responseHeader: "x" }, charge: "before" })],
  ["is for limits with one rate and a cost that is a number, charged before", limited({ batch: 2, charge: "after" })],
  ['must be a network, as "10.0.0.0/8", or an address', limited({ when: [{ clientIp: {}, cidr: ["999.0.0.1"] }] })],
  ["has bits beyond its prefix", limited({ when: [{ clientIp: {}, cidr: ["10.0.0.1/8"] }] })],
];

function rateOf(requests: number) {
  return { requests, per: "1h" };
}

function basis() {
  return { name: "a", requests: 1, per: "1s" };
}

/** A configuration with one limit, which differs from a plain one in these fields. */
function limited(fields: object, without: readonly string[] = []): { limits: object[] } {
  return { limits: [Object.fromEntries(Object.entries({ ...basis(), ...fields }).filter(([key]) => !without.includes(key)))] };
}

function judge(candidate: Json): Judgement {
  const verdict = configure(JSON.stringify(candidate));
  return {
    zod: ratelimitConfig.safeParse(candidate).success,
    schema: bySchema(candidate),
    module: verdict.accepted,
    logs: verdict.logs,
  };
}

test("1,000 valid configurations are accepted by zod, by the schema and by the module", () => {
  const seen = acceptAll(config, judge, 1_000);

  // All that the schema knows was there, and often.
  const { properties } = JSON.parse(schemaFile("ratelimit")) as { properties: { limits: { items: { properties: object } } } };
  for (const key of [...Object.keys(properties), ...Object.keys(properties.limits.items.properties)]) {
    expect([key, (seen.get(key) ?? 0) > 50]).toEqual([key, true]);
  }
});

test("1,000 configurations with one place changed are judged alike by zod and the module, and the schema refuses none that the module takes", () => {
  const { refused, accepted } = judgeMutations({
    filter: "ratelimit",
    config,
    material,
    judge,
    beyondSchema: beyondSchema.map(([rule]) => rule),
    numRuns: 1_000,
  });

  expect(refused).toBeGreaterThan(300);
  expect(accepted).toBeGreaterThan(50);
});

test.each(beyondSchema)("only the schema takes what %s", (rule, example) => {
  const { zod, schema, module, logs } = judge(example as Json);

  expect({ zod, schema, module }).toEqual({ zod: false, schema: true, module: false });
  expect(logs).toEqual([expect.stringContaining(rule)]);
});

describe("durations and numbers", () => {
  const one = (fields: object) => limited(fields) as unknown as Json;

  test("at the edges of what there may be are judged alike", () => {
    const verdicts = [
      ...periods.map((per) => one({ per })),
      ...["requests", "burst", "cost", "batch", "enforcePercentage"].flatMap((field) => numbers.map((number) => one({ [field]: number }))),
      ...numbers.map((keySlots) => ({ keySlots })),
      ...numbers.map((status) => ({ refusal: { status } })),
      ...numbers.map((max) => one({ cost: { header: "x", max, default: max } })),
      ...numbers.map((mask) => one({ key: [{ clientIp: { maskV4: mask, maskV6: mask } }] })),
    ].map((candidate) => ({ candidate, ...judge(candidate) }));

    expect(verdicts.filter(({ zod, module }) => zod !== module)).toEqual([]);
    expect(verdicts.filter(({ schema, module }) => module && !schema)).toEqual([]);
    expect(verdicts.filter(({ module }) => module).length).toBeGreaterThan(40);
  });

  test("are read as they are meant", () => {
    const taken = periods.filter((per) => judge(one({ per })).module);

    expect(taken).toEqual(
      ["1ms", "1000000ns", "8784h", "1.0000000s", "1000.5us", "1m1h", "01s", "60s", "1m"].sort(
        (a, b) => periods.indexOf(a) - periods.indexOf(b),
      ),
    );
  });

  test("that are too large to be counted are told apart from those that are not, with the burst, too", () => {
    const taken = (fields: object) => [judge(one(fields)).zod, judge(one(fields)).module];

    expect(taken({ per: "8784h", burst: 72 })).toEqual([true, true]);
    expect(taken({ per: "8784h", burst: 73 })).toEqual([false, false]);
    expect(taken({ requests: 999_983, per: "24h" })).toEqual([false, false]);
    expect(taken({ requests: 1_000_000, per: "24h", burst: 1_000_000_000 })).toEqual([true, true]);
  });
});

test("every source of a cost is judged alike with every time of its charge, and with a batch", () => {
  const attributes = ["request.size", "request.total_size", "response.size", "response.total_size"];
  const costs = [undefined, 2, { header: "x" }, { responseHeader: "x" }, ...attributes.map((attribute) => ({ attribute }))];
  const verdicts = costs.flatMap((cost) =>
    [undefined, "before", "after"].flatMap((charge) =>
      [1, 2].map((batch) => {
        const { zod, module } = judge(JSON.parse(JSON.stringify(limited({ cost, charge, batch }))) as Json);
        return { cost, charge, batch, zod, module };
      }),
    ),
  );

  expect(verdicts.filter(({ zod, module }) => zod !== module)).toEqual([]);
  const before = verdicts.filter(({ charge, batch, module }) => charge === "before" && batch === 1 && module);
  expect(before.map(({ cost }) => cost)).toEqual([undefined, 2, { header: "x" }, { attribute: "request.size" }]);
  expect(verdicts.filter(({ batch, module }) => batch === 2 && module)).toHaveLength(4);
});

test("header names that Envoy or the refusal writes itself are refused in any case, by the schema, too", () => {
  const reserved = [
    ...["host", "content-length", "transfer-encoding", "connection", "upgrade", "keep-alive", "proxy-connection", "http2-settings"],
    ...["trailer", "te", "content-type", "retry-after", "ratelimit", "ratelimit-policy", "x-ratelimit-limit", "x-ratelimit-remaining"],
    ...["x-ratelimit-reset", ":status", ":path", "", "a b"],
  ];
  for (const written of reserved.flatMap((one) => [one, one.toUpperCase()])) {
    const { zod, schema, module, logs } = judge({ refusal: { headers: { [written]: "1" } } });
    expect({ written, zod, schema, module, lines: logs.length }).toEqual({ written, zod: false, schema: false, module: false, lines: 1 });
  }
  for (const written of ["x-ratelimit", "ratelimits", "xte", "te-x", "x-forwarded-proto", "server", "date"]) {
    const { zod, schema, module } = judge({ refusal: { headers: { [written]: "1" } } });
    expect({ written, zod, schema, module }).toEqual({ written, zod: true, schema: true, module: true });
  }
});

describe("a refusal names the path, the value and the fix", () => {
  const own = ["requests", "per"];
  const known =
    "name, when, key, requests, per, burst, windows, overrides, perRoute, cost, charge, mode, enforcePercentage, onError, batch";

  test.each<[object, string]>([
    [limited({}, ["name"]), "limits[0] (line 1, column 12): name is missing"],
    [
      { limits: [{ mode: "off", ...rateOf(1) }, rateOf(1)] },
      "limits[0] (line 1, column 12): name is missing; limits[1] (line 1, column 51): name is missing",
    ],
    [limited({ name: "" }), "limits[0].name (line 1, column 21): must be 1 to 64 characters of visible ASCII and spaces"],
    [limited({}, ["per"]), "limits[0] (line 1, column 12): per is missing"],
    [limited({}, ["requests"]), "limits[0] (line 1, column 12): requests is missing"],
    [limited({}, own), "limits[0] (line 1, column 12): needs requests and per, or windows"],
    [limited({ windows: [rateOf(1)] }), "limits[0].windows (line 1, column 58): stands in place of requests, per and burst"],
    [limited({ windows: [] }, own), "limits[0].windows (line 1, column 34): must be 1 to 8 rates"],
    [
      limited({ windows: [rateOf(1), rateOf(2)] }, own),
      "limits[0].windows[1].per (line 1, column 82): must differ from the other windows': the client knows them by it",
    ],
    [limited({ burst: 0 }), "limits[0].burst (line 1, column 56): must be a whole number from 1 to 1000000000, got 0"],
    // Only what is wrong: that 0 requests with this burst could not be counted, either, is nobody's mistake.
    [
      limited({ requests: 0, per: "24h", burst: 1_000_000 }),
      "limits[0].requests (line 1, column 35): must be a whole number from 1 to 1000000000, got 0",
    ],
    [limited({ per: "1d" }), 'limits[0].per (line 1, column 44): must be a duration with a unit, as "250ms" or "1.5s", got "1d"'],
    [limited({ per: 60 }), 'limits[0].per (line 1, column 43): must be a duration with a unit, as "250ms" or "1.5s", got 60'],
    [limited({ per: "366d" }), 'limits[0].per (line 1, column 44): must be a duration with a unit, as "250ms" or "1.5s", got "366d"'],
    [limited({ per: "0s" }), "limits[0].per (line 1, column 44): must be from 1ms to 8784h"],
    [
      limited({ requests: 999_983, per: "24h" }),
      "limits[0].requests (line 1, column 35): with this per is too large to be counted exactly: choose rounder numbers",
    ],
    [
      limited({ cost: { attribute: "request.bytes" } }),
      'limits[0].cost.attribute (line 1, column 69): must be one of "request.size", "request.total_size", "response.size", "response.total_size", got "request.bytes"',
    ],
    [
      limited({ cost: { responseHeader: "x-tokens" }, charge: "before" }),
      "limits[0].charge (line 1, column 95): must be after: the cost is not known before the response",
    ],
    [
      limited({ cost: { responseHeader: ":status" } }),
      'limits[0].cost.responseHeader (line 1, column 74): must be a header name, got ":status"',
    ],
    [limited({ cost: {} }), "limits[0].cost (line 1, column 55): needs one of: header, responseHeader, attribute"],
    [
      limited({ key: [{ header: "x" }], overrides: [{ key: ["a", "b"], mode: "off" }] }),
      "limits[0].overrides[0].key (line 1, column 91): must hold one value for each part of the limit's key, which has 1",
    ],
    [
      limited({ key: [{ header: "x" }], overrides: [{ key: ["a"] }] }),
      "limits[0].overrides[0] (line 1, column 84): needs requests and per, windows or mode",
    ],
    [
      limited({
        overrides: [
          { key: [], mode: "off" },
          { key: [], mode: "off" },
        ],
      }),
      "limits[0].overrides[1].key (line 1, column 92): has an override already",
    ],
    [{ limits: [basis(), basis()] }, "limits[1].name (line 1, column 58): is another limit's name already"],
    [limited({ mode: "enforced" }), 'limits[0].mode (line 1, column 56): must be one of "enforce", "shadow", "off", got "enforced"'],
    [
      limited({ batch: 5, windows: [rateOf(1), { requests: 5, per: "24h" }] }, own),
      "limits[0].batch (line 1, column 32): is for limits with one rate and a cost that is a number, charged before",
    ],
    [
      limited({ key: [{ clientIp: { maskV4: 33 } }] }),
      "limits[0].key[0].clientIp.maskV4 (line 1, column 77): must be a whole number from 0 to 32, got 33",
    ],
    [
      limited({ key: [{ header: "x", onMissing: "ignore" }] }),
      'limits[0].key[0].onMissing (line 1, column 82): must be one of "skip", "empty", "deny", got "ignore"',
    ],
    [{ refusal: { status: 200 } }, "refusal.status (line 1, column 22): must be a whole number from 400 to 599, got 200"],
    [
      { refusal: { headers: { "content-length": "1" } } },
      "refusal.headers.content-length (line 1, column 42): is no name of a header that may be added here",
    ],
    [{ refusal: { headers: { "x-a": "a\nb" } } }, "refusal.headers.x-a (line 1, column 25): is no header value"],
    [{ responseHeaders: ["draft", "draft"] }, "responseHeaders[1] (line 1, column 30): is in the list already"],
    // What there is, in the order of the documentation.
    [limited({ brust: 2 }), `limits[0].brust (line 1, column 49): unknown field; known: ${known}`],
    [
      limited({ windows: [{ ...rateOf(1), limit: 3 }] }, own),
      "limits[0].windows[0].limit (line 1, column 61): unknown field; known: requests, per, burst",
    ],
    [
      limited({ overrides: [{ key: [], limit: 3, mode: "off" }] }),
      "limits[0].overrides[0].limit (line 1, column 72): unknown field; known: key, requests, per, burst, windows, mode",
    ],
    [
      limited({ cost: { header: "x", min: 1 } }),
      "limits[0].cost.min (line 1, column 70): unknown field; known: header, responseHeader, attribute, default, max",
    ],
    [{ refusal: { code: 429 } }, "refusal.code (line 1, column 14): unknown field; known: status, body, contentType, headers, grpcStatus"],
    [{ limit: [] }, "limit (line 1, column 3): unknown field; known: limits, responseHeaders, keySlots, domain, refusal"],
  ])("%j", (candidate, message) => {
    const { logs, module, zod } = judge(candidate as Json);

    expect({ module, zod }).toEqual({ module: false, zod: false });
    expect(logs.map((line) => line.replace(/^\[ratelimit #\d+\] configuration refused: /, ""))).toEqual([message]);
  });

  test("lists no field without a name beside a problem of the object itself", () => {
    expect(judge(limited({ brust: 2 }, ["per"]) as Json).logs[0]).toMatch(new RegExp(`known: ${known}$`));
  });

  test("the fields that a refusal lists are those of the schema, in its order", () => {
    const { properties } = JSON.parse(schemaFile("ratelimit")) as { properties: { limits: { items: { properties: object } } } };

    expect(Object.keys(properties.limits.items.properties).join(", ")).toBe(known);
  });

  test("zod says the same of what it refuses by rules of its own, at the same place", () => {
    const said = (candidate: object) =>
      ratelimitConfig.safeParse(candidate).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);

    expect(said(limited({ burst: 0 }))).toHaveLength(1);
    expect(said(limited({ per: "0s" }))).toEqual(["limits.0.per: must be from 1ms to 8784h"]);
    expect(said(limited({}, ["per"]))).toEqual(["limits.0: per is missing"]);
    expect(said(limited({ requests: 999_983, per: "24h" }))).toEqual([
      "limits.0.requests: with this per is too large to be counted exactly: choose rounder numbers",
    ]);
    expect(said(limited({ windows: [rateOf(1)] }))).toEqual(["limits.0: windows stands in place of requests, per and burst"]);
  });
});

test.each<[boolean, unknown]>([
  [true, { requests: 5, per: "1h" }],
  [true, { requests: 5, per: "1h", burst: 2, mode: "shadow", bucket: "search" }],
  [true, { mode: "off" }],
  [false, { requests: "ten", per: "1h" }],
  [false, { requests: 1.5, per: "1h" }],
  [false, { requests: 1e12, per: "1h" }],
  [false, { requests: 5, per: "1 hour" }],
  [false, { requests: 5, per: "1h", brust: 1 }],
  [false, {}],
  [false, { requests: 5 }],
  [false, { requests: 5, per: "1h", mode: "strict" }],
])("metadata of a route: %s for %j", (fine, numbers) => {
  const schema = new Ajv({ strict: false }).compile(JSON.parse(metadataSchemaFile("ratelimit")));

  expect(ratelimitMetadata.safeParse({ "per-user": numbers }).success).toBe(fine);
  expect(schema({ "per-user": numbers })).toBe(fine);
});

test("the type of a configuration is the schema's", () => {
  const typed: RateLimitConfig = {
    limits: [
      {
        name: "per-user",
        when: [{ attribute: "request.url_path", prefix: "/api" }],
        key: [{ header: "x-user" }],
        requests: 10,
        per: "1s",
        burst: 20,
      },
    ],
    responseHeaders: ["draft", "x-ratelimit"],
    keySlots: 65_536,
  };

  expect(ratelimitConfig.parse(typed).limits[0]?.key[0]?.onMissing).toBe("empty");
  expect(ratelimitConfig.parse({}).keySlots).toBe(65_536);
  expect(judge(typed as Json)).toEqual({ zod: true, schema: true, module: true, logs: [] });
});
