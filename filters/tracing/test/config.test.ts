// The schema and the module must judge every configuration alike.
import { Ajv } from "ajv";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Verdict, openBareHost } from "../../../test/support/bare-host.ts";
import { schemaFile } from "../../configs.ts";
import { attributes } from "../../vocabulary.ts";
import { type TracingConfig, tracingConfig } from "../config.ts";
import { tracingModule } from "./support.ts";

let configure: (config: string) => Verdict;
const bySchema = new Ajv({ allErrors: false, strict: false }).compile(JSON.parse(schemaFile("tracing")));

beforeAll(async () => {
  configure = openBareHost(await tracingModule()).configure;
}, 120_000);

const headerName = fc.constantFrom("x-force", "X-Trace-Id", "b3", "a_b", "x.y");
const percentage = fc.oneof(
  fc.constantFrom(0, 100, 0.0001, 99.9999999, 1e-7, 33.3),
  fc.double({ min: 0, max: 100, noNaN: true }).map(Math.abs),
);
const text = fc.string({ maxLength: 8 });
const address = fc.oneof(fc.ipV4(), fc.ipV6());
/** An address, or a network without bits beyond its prefix. */
const network = fc.oneof(
  address,
  fc.constantFrom(
    "10.0.0.0/8",
    "0.0.0.0/0",
    "::/0",
    "2001:db8::/32",
    "::ffff:10.0.0.0/104",
    "192.168.1.128/25",
    "fe80::/10",
    "1.2.3.4/32",
    "::1/128",
  ),
);
const test_ = fc.oneof(
  fc.record({ exact: text }),
  fc.record({ prefix: text }),
  fc.record({ suffix: text }),
  fc.record({ regex: fc.constantFrom("", "/api/v[0-9]+/users/[^/]+", "(?i)(a|b*)+", "\u00e4", "a{2,3}$") }),
  fc.record({ in: fc.array(text, { minLength: 1, maxLength: 3 }) }),
  fc.record({ cidr: fc.array(network, { minLength: 1, maxLength: 3 }) }),
  fc.record({ present: fc.boolean() }),
);
const token = fc.constantFrom("sub", "https://shop.example/tenant", "realm access", "\u00e4", "a.b");
const value = fc.oneof(
  fc.record({ header: headerName }),
  fc.record({ cookie: fc.constantFrom("session", "__Host-id", "a!b") }),
  fc.record({ query: fc.constantFrom("id", "a b", "%20", "filter[name]", "\u00e4") }),
  fc.record({ pathSegment: fc.nat({ max: 255 }) }),
  fc.record({ pathTemplate: fc.constantFrom("/", "/users/{id}", "/users/{user-id}/orders/", "//x", "/a b/{c.d}") }),
  fc.record({ clientIp: fc.constant({}) }),
  fc.record({ principal: fc.constant({}) }),
  fc.record({ claim: fc.oneof(token, fc.array(token, { minLength: 1, maxLength: 3 })) }),
  fc.record({
    attribute: fc.constantFrom(...attributes, "request.headers[x-user]", "request.auth.claims[a]", "request.auth.claims[a.b][c d]"),
  }),
  fc.record({ constant: text }),
);
const condition: fc.Arbitrary<{ [key: string]: Json }> = fc
  .tuple(value, test_, fc.option(fc.boolean(), { nil: undefined }))
  .map(([v, t, not]) => ({ ...v, ...t, ...(not === undefined ? {} : { not }) }));
const key = fc.constantFrom("ms", "a", "0z", "tenant@shop", "a-b_c*d/e");
const member = fc.constantFrom("1", "a b", "x;y:z", "~!");
const formats = fc.uniqueArray(fc.constantFrom("tracecontext", "b3", "b3multi", "jaeger"));
const exporting = fc.record(
  {
    format: fc.constantFrom("zipkin", "otlp"),
    cluster: fc.constantFrom("zipkin", "outbound|9411||zipkin.tools", "a|", "|", '"\\'),
    path: fc.constantFrom("/", "/v1/traces", "/a?b=c#d", '/"\\'),
    authority: fc.constantFrom("zipkin.tools:9411", "[::1]:80", '"'),
    headers: fc.dictionary(fc.constantFrom("x-api-key", "Authorization", "a_b"), fc.constantFrom("", "Bearer 1", "\u00e4", "a\tb")),
    service: fc.constantFrom("shop", "a b", '"\\', "x".repeat(256)),
    attributes: fc.dictionary(
      fc.constantFrom("deployment.environment.name", "a/b", "A-1_", "x".repeat(64)),
      fc.constantFrom("staging", '"\\'),
    ),
    kind: fc.constantFrom("server", "client"),
    interval: fc.constantFrom("10ms", "1s", "1.5s", "59m59s", "1h"),
    batch: fc.constantFrom(1, 100, 10_000),
    maxQueue: fc.constantFrom(1, 1_000, 100_000),
    maxQueueBytes: fc.constantFrom(65_536, 524_288, 16_777_216),
    timeout: fc.constantFrom("10ms", "2s", "60s", "1m"),
  },
  { requiredKeys: ["format", "cluster"] },
);
const config = fc.record(
  {
    mode: fc.constantFrom("enforce", "observe", "off"),
    extract: formats,
    inject: formats,
    inbound: fc.constantFrom("continue", "restart"),
    strip: fc.boolean(),
    sampling: fc.record(
      {
        percentage,
        parentBased: fc.boolean(),
        rules: fc.array(fc.record({ when: fc.array(condition, { minLength: 1, maxLength: 3 }), percentage }), { maxLength: 3 }),
        forceHeader: headerName,
      },
      { requiredKeys: [] },
    ),
    tracestate: fc.record({ key, value: member }, { requiredKeys: ["key"] }),
    baggage: fc.record(
      { maxMembers: fc.nat({ max: 1024 }), maxBytes: fc.nat({ max: 65536 }), allow: fc.array(text, { maxLength: 3 }) },
      { requiredKeys: [] },
    ),
    response: fc.record({ serverTiming: fc.boolean() }, { requiredKeys: [] }),
    traceIdHeader: headerName,
    export: exporting,
  },
  { requiredKeys: [] },
);

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
const junk: Json[] = [
  null,
  true,
  -1,
  101,
  1.5,
  70_000,
  "",
  "nonsense",
  "bad name",
  [],
  [1],
  ["b3"],
  ["B3"],
  ["jaeger", "zipkin"],
  ["tracecontext", "tracecontext"],
  ["b3", "jaeger", "b3"],
  {},
  { unknown: 1 },
  [{}],
  [{ when: [] }],
  ":path",
  "a=b",
  "/a{b}",
  "a(b",
  "a**",
  "/{}",
  "/a?b",
  "/{a}{b}",
  "a\u0000b",
  "\u0085",
  256,
  "request.headers[:path]",
  "request.headers[a b]",
  "request.auth.claims[]",
  "request.auth.claims[a][]",
  "request.auth.claims[a[b]",
  "source.ip ",
  { maskV4: 24 },
  ["10.0.0.1/8"],
  ["10.0.0.0/33"],
  ["10.0.0.0/08"],
  ["10.0.0.0/"],
  ["010.0.0.0/8"],
  ["fe80::1/10"],
  ["::/129"],
  ["::1%eth0"],
  ["1.2.3.4:80"],
  ["1::2::3"],
  ["1:2:3:4:5:6:7::/112"],
  [""],
  "10ms",
  "9ms",
  "1h1ns",
  "60001ms",
  10_001,
  65_535,
  100_001,
  16_777_217,
  "/a b",
  "a b",
  "\u00e4",
  "x".repeat(257),
  { "x-api-key": "1" },
  { "x-api-key": 1 },
  { "x-api-key": {} },
  { "x-api-key": { env: "" } },
  { "x-api-key": { env: 1 } },
  { "x-api-key": "a\u0000b" },
  { "content-type": "text/plain" },
  { ":path": "/" },
  { host: "a" },
  { "a b": "c" },
  { "service.name": "c" },
  { "service.instance.id": "c" },
  Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`x-${n}`, "1"])),
  { format: "zipkin" },
  { cluster: "zipkin" },
  { format: "zipkin", cluster: "zipkin" },
];

/** Every place in a configuration where a value stands, as a function that puts another there. */
function places(root: Json): ((value: Json) => Json)[] {
  if (Array.isArray(root)) {
    return root.flatMap((item, i) => [(v: Json) => root.with(i, v), ...places(item).map((put) => (v: Json) => root.with(i, put(v)))]);
  }
  if (typeof root === "object" && root !== null) {
    const inner = Object.entries(root).flatMap(([name, item]) => [
      (v: Json) => ({ ...root, [name]: v }),
      ...places(item).map((put) => (v: Json) => ({ ...root, [name]: put(v) })),
      (v: Json) => Object.fromEntries([...Object.entries(root).filter(([k]) => k !== name), [`${name}x`, v]]),
      () => Object.fromEntries(Object.entries(root).filter(([k]) => k !== name)),
    ]);
    return [...inner, (v: Json) => ({ ...root, surplus: v })];
  }
  return [];
}

const durations = ["export.interval", "export.timeout"];

function judge(candidate: Json): { zod: boolean; schema: boolean; module: boolean; logs: string[] } {
  const verdict = configure(JSON.stringify(candidate));
  const { success, error } = tracingConfig.safeParse(candidate);
  // Only the module knows regular expressions.
  const pattern = !verdict.accepted && /\.regex \(line 1, column \d+\): must be a regular expression/.test(verdict.logs[0] ?? "");
  if (pattern && success && bySchema(candidate)) return { zod: false, schema: false, module: false, logs: verdict.logs };
  // No pattern tells the bits of a network, or how long a duration is: there the schema, and only it, lets pass what the module then refuses.
  const beyond = error?.issues.every(({ path }) => path.at(-2) === "cidr" || durations.includes(path.join("."))) ?? false;
  return {
    zod: success,
    schema: beyond ? bySchema(candidate) && success : bySchema(candidate),
    module: verdict.accepted,
    logs: verdict.logs,
  };
}

test("1,000 valid configurations are accepted by zod, by the schema and by the module", () => {
  fc.assert(
    fc.property(config, (valid) => {
      const { zod, schema, module, logs } = judge(valid as Json);
      expect({ valid, zod, schema, module, logs }).toEqual({
        valid,
        zod: true,
        schema: true,
        module: true,
        logs: [],
      });
    }),
    { numRuns: 1_000 },
  );
});

test("1,000 configurations with one field changed are judged alike", () => {
  let refused = 0;
  fc.assert(
    fc.property(config, fc.nat(), fc.nat(), (valid, at, which) => {
      const all = places(valid as Json);
      const mutated = all[at % all.length]?.(junk[which % junk.length] ?? null) ?? null;
      const { zod, schema, module, logs } = judge(mutated);
      expect({ mutated, zod, schema, logs }).toEqual({ mutated, zod: module, schema: module, logs });
      if (!module) {
        refused++;
        expect(logs).toHaveLength(1);
        expect(logs[0]).toMatch(/^\[tracing #\d+\] configuration refused: ./);
      }
    }),
    { numRuns: 1_000 },
  );
  expect(refused).toBeGreaterThan(300);
});

test("2,000 conditions with one field changed, or with another's fields, are judged alike", () => {
  const verdicts = new Set<boolean>();
  fc.assert(
    fc.property(condition, condition, fc.nat(), fc.nat(), fc.boolean(), (one, other, at, which, mixed) => {
      const all = places(one);
      const changed: Json = mixed ? { ...one, ...other } : (all[at % all.length]?.(junk[which % junk.length] ?? null) ?? null);
      const candidate: Json = { sampling: { rules: [{ when: [changed], percentage: 1 }] } };
      const { zod, schema, module, logs } = judge(candidate);
      verdicts.add(module);
      expect({ changed, zod, schema, logs }).toEqual({ changed, zod: module, schema: module, logs });
    }),
    { numRuns: 2_000 },
  );
  expect(verdicts.size).toBe(2);
});

describe("a refusal names the path, the value and the fix", () => {
  test.each<[Json, string]>([
    [{ sampling: { percentage: 101 } }, "sampling.percentage (line 1, column 27): must be a number from 0 to 100, got 101"],
    [{ inbound: "restrat" }, 'inbound (line 1, column 13): must be one of "continue", "restart", got "restrat"'],
    [{ extract: ["zipkin"] }, 'extract[0] (line 1, column 14): must be one of "tracecontext", "b3", "b3multi", "jaeger", got "zipkin"'],
    [{ inject: ["b3", "b3"] }, "inject[1] (line 1, column 18): is in the list already"],
    [
      { tracestate: { key: "Bad" } },
      "tracestate.key (line 1, column 23): must be a tracestate key: a-z or a digit, then up to 255 of a-z 0-9 _ - * / @",
    ],
    [
      { samplng: {} },
      "samplng (line 1, column 3): unknown field; known: mode, extract, inject, inbound, strip, sampling, tracestate, baggage, response, traceIdHeader, export",
    ],
    [
      { sampling: { rules: [{ when: [{ header: "x-a", query: "a", exact: "" }], percentage: 1 }] } },
      "sampling.rules[0].when[0].query (line 1, column 57): names a second value: header or query, not both",
    ],
    [
      { sampling: { rules: [{ when: [{ clientIp: {}, cidr: ["2001:db8::1/32"] }], percentage: 1 }] } },
      'sampling.rules[0].when[0].cidr[0] (line 1, column 56): has bits beyond its prefix: "2001:db8::/32" is the network',
    ],
    [
      { sampling: { rules: [{ when: [{ pathTemplate: "/a{id}", exact: "" }], percentage: 1 }] } },
      "sampling.rules[0].when[0].pathTemplate (line 1, column 49): must have braces around whole segments only, as /users/{id}",
    ],
    [
      { sampling: { rules: [{ when: [{ header: "x-a", regex: "/a(b" }], percentage: 1 }] } },
      'sampling.rules[0].when[0].regex (line 1, column 57): must be a regular expression as RE2 has them: ( without a ) at byte 2 of "/a(b"',
    ],
    [{ export: { cluster: "zipkin" } }, "export (line 1, column 11): format is missing"],
    [{ export: { format: "otlp" } }, "export (line 1, column 11): cluster is missing"],
    [
      { export: { format: "otlp", cluster: "a b" } },
      "export.cluster (line 1, column 39): must name one of Envoy's clusters, without blanks",
    ],
    [
      { export: { format: "otlp", cluster: "c", headers: { host: "a" } } },
      "export.headers.host (line 1, column 61): is no name of a header that may be added here",
    ],
    [
      { export: { format: "otlp", cluster: "c", headers: { "x-api-key": { env: "NONE" } } } },
      "export.headers.x-api-key.env (line 1, column 73): names nothing in the VM's environment: set NONE in vm_config.environment_variables",
    ],
    [{ export: { format: "otlp", cluster: "c", interval: "9ms" } }, "export.interval (line 1, column 54): duration out of range"],
    [{ sampling: { rules: [{ percentage: 1 }] } }, "sampling.rules[0] (line 1, column 23): when must hold at least one condition"],
  ])("%j", (candidate, message) => {
    const { logs, module } = judge(candidate);

    expect(module).toBe(false);
    expect(logs[0]?.replace(/^\[tracing #\d+\] configuration refused: /, "")).toBe(message);
  });
});

test("the type of a configuration is the schema's", () => {
  const typed: TracingConfig = { sampling: { percentage: 5 } };

  expect(tracingConfig.parse({}).mode).toBe("enforce");
  expect(tracingConfig.parse(typed).sampling?.parentBased).toBe(true);
});
