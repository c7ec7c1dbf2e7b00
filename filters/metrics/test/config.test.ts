// The schema and the module must judge every configuration alike, but for the few rules that a schema cannot say.
import { Ajv } from "ajv";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Verdict, openBareHost } from "../../../test/support/bare-host.ts";
import type { Json, Material } from "../../../test/support/mutations.ts";
import { type Judgement, acceptAll, judgeMutations } from "../../../test/support/parity.ts";
import { schemaFile } from "../../configs.ts";
import { type MetricsConfig, metricsConfig, standardLabels } from "../config.ts";
import { metricsModule } from "./support.ts";

let configure: (config: string) => Verdict;
const bySchema = new Ajv({ allErrors: false, strict: false }).compile(JSON.parse(schemaFile("metrics")));

beforeAll(async () => {
  configure = openBareHost(await metricsModule()).configure;
}, 120_000);

function judge(candidate: Json): Judgement {
  const { accepted, logs } = configure(JSON.stringify(candidate));
  return { zod: metricsConfig.safeParse(candidate).success, schema: bySchema(candidate), module: accepted, logs };
}

// Valid configurations.

const text = fc.string({ maxLength: 6 });
const path = fc.constantFrom("/", "/users/{id}", "/a/b/");
const value = fc.oneof(
  fc.record({ header: fc.constantFrom("x-user", "X-Api-Key") }) as fc.Arbitrary<object>,
  fc.record({ cookie: fc.constant("session") }),
  fc.record({ pathSegment: fc.nat({ max: 255 }) }),
  fc.record({ pathTemplate: path }),
  fc.record({ clientIp: fc.record({ maskV4: fc.nat({ max: 32 }) }, { requiredKeys: [] }) }),
  fc.record({ principal: fc.constant({}) }),
  fc.record({ claim: fc.constantFrom("sub", "a.b") }),
  fc.record({ traceId: fc.constant({}) }),
  fc.record({ attribute: fc.constantFrom("request.method", "request.headers[x-user]", "xds.route_name") }),
  fc.record({
    attribute: fc.constantFrom("request.path", "request.host", "request.useragent"),
    in: fc.array(text, { minLength: 1, maxLength: 2 }),
  }),
  fc.record({ constant: text }),
);
const label = fc.oneof(
  { weight: 3, arbitrary: value },
  { weight: 1, arbitrary: fc.record({ standard: fc.constantFrom(...standardLabels) }) as fc.Arbitrary<object> },
  { weight: 1, arbitrary: fc.record({ pathTemplates: fc.array(path, { minLength: 1, maxLength: 3 }) }) as fc.Arbitrary<object> },
);
const labelName = fc.constantFrom("tenant", "path", "_a", "a1", "reporter", "B");
const condition = fc.record({ header: fc.constant("x-user"), exact: text, not: fc.boolean() }, { requiredKeys: ["header", "exact"] });
const tag = fc.oneof(fc.record({ operation: fc.constant("UPSERT"), value: label }, { requiredKeys: ["value"] }) as fc.Arbitrary<object>);
const removal = fc.dictionary(fc.constantFrom("reporter", "response_flags", "source_app"), fc.constant({ operation: "REMOVE" }), {
  maxKeys: 2,
});
const override = fc.record(
  {
    match: fc.record(
      {
        metric: fc.constantFrom("ALL_METRICS", "REQUEST_COUNT", "REQUEST_DURATION", "REQUEST_SIZE", "RESPONSE_SIZE"),
        mode: fc.constantFrom("CLIENT_AND_SERVER", "CLIENT", "SERVER"),
      },
      { requiredKeys: [] },
    ),
    disabled: fc.boolean(),
    tagOverrides: fc.oneof(fc.dictionary(labelName, tag, { maxKeys: 3 }) as fc.Arbitrary<object>, removal),
  },
  { requiredKeys: [] },
);
const metric = fc.record(
  {
    name: fc.constantFrom("a_total", "b:c", "_d", "E9"),
    type: fc.constantFrom("COUNTER", "GAUGE", "HISTOGRAM"),
    value: fc.constantFrom("1", "request.duration", "request.total_size", "response.total_size", "request.size", "response.size"),
    labels: fc.dictionary(labelName, label, { maxKeys: 3 }),
    when: fc.array(condition, { maxLength: 2 }),
  },
  { requiredKeys: ["name"] },
);
const workload = fc.record(
  { name: text, namespace: text, app: text, version: text, canonicalService: text, canonicalRevision: text, cluster: text },
  { requiredKeys: [] },
);
const config = fc.record(
  {
    reporter: fc.constantFrom("source", "destination"),
    workload,
    service: text,
    overrides: fc.array(override, { maxLength: 3 }),
    metrics: fc.uniqueArray(metric, { maxLength: 3, selector: ({ name }) => name }),
    maxSeries: fc.integer({ min: 1, max: 100_000 }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Json>;

const junk: Json[] = [
  ...([
    null,
    true,
    false,
    0,
    1,
    -1,
    0.5,
    100_001,
    "",
    "a",
    "1",
    "x y",
    "__a",
    "9a",
    "/",
    "/a",
    "{id}",
    "request.path",
    "istio_requests_total",
  ] as Json[]),
  ...([
    [],
    {},
    [""],
    ["a"],
    [{}],
    { header: "x" },
    { attribute: "request.path" },
    { attribute: "request.path", in: [] },
    { standard: "x" },
  ] as Json[]),
  ...([
    { pathTemplates: [] },
    { pathTemplates: ["a"] },
    { operation: "REMOVE" },
    { operation: "REMOVE", value: { header: "x" } },
    {},
  ] as Json[]),
];
const material: Material = {
  keys: ["surplus", "value", "operation", "header", "attribute", "in", "standard", "pathTemplates", "disabled", "name"],
  values: junk,
  numbers: junk,
  junk,
};

/** What a schema cannot say, by the module's words. An example of each. */
const beyondSchema: [rule: string, example: Json][] = [
  ["is another metric's name already", { metrics: [{ name: "a" }, { name: "a" }] }],
  ["needs in, a list of what is allowed", { metrics: [{ name: "a", labels: { b: { attribute: "request.path" } } }] }],
  ["is none of Istio's labels", { overrides: [{ tagOverrides: { tenant: { operation: "REMOVE" } } }] }],
  ["is nothing that is removed", { overrides: [{ tagOverrides: { reporter: { operation: "REMOVE", value: { header: "x" } } } }] }],
  ["value is missing", { overrides: [{ tagOverrides: { tenant: {} } }] }],
];

test("1,000 valid configurations are accepted by zod, by the schema and by the module", () => {
  const seen = acceptAll(config, judge, 1_000);
  for (const field of ["reporter", "workload", "overrides", "tagOverrides", "pathTemplates", "standard", "in", "when", "maxSeries"]) {
    expect([field, (seen.get(field) ?? 0) > 50]).toEqual([field, true]);
  }
});

test("3,000 configurations with one place changed are judged alike by zod and the module, and the schema refuses none that the module takes", () => {
  const { refused, accepted } = judgeMutations({
    filter: "metrics",
    config,
    material,
    judge,
    beyondSchema: beyondSchema.map(([rule]) => rule),
    numRuns: 3_000,
  });
  expect(refused).toBeGreaterThan(500);
  expect(accepted).toBeGreaterThan(200);
});

test.each(beyondSchema)("only the schema takes what %s", (rule, example) => {
  const { zod, schema, module, logs } = judge(example);

  expect({ zod, schema, module }).toEqual({ zod: false, schema: true, module: false });
  expect(logs).toEqual([expect.stringContaining(rule)]);
});

describe("a refusal names the path, the place and the fix", () => {
  test.each<[Json, string]>([
    [{ metrics: [{}] }, "metrics[0] (line 1, column 13): name is missing"],
    [
      { metrics: [{ name: "9a" }] },
      "metrics[0].name (line 1, column 22): must be a metric's name: letters, digits, _ and :, no digit first",
    ],
    [
      { metrics: [{ name: "a", value: "x" }] },
      'metrics[0].value (line 1, column 34): must be one of "1", "request.duration", "request.total_size", "response.total_size", "request.size", "response.size", got "x"',
    ],
    [{ reporter: "both" }, 'reporter (line 1, column 14): must be one of "source", "destination", got "both"'],
    [{ maxSeries: 0 }, "maxSeries (line 1, column 14): must be a whole number from 1 to 100000, got 0"],
  ])("%j", (candidate, message) => {
    const { logs, module, zod } = judge(candidate);

    expect({ module, zod }).toEqual({ module: false, zod: false });
    expect(logs.map((line) => line.replace(/^\[metrics #\d+\] configuration refused: /, ""))).toEqual([message]);
  });
});

test("the type of a configuration is the schema's", () => {
  const typed: MetricsConfig = { metrics: [{ name: "orders_total", labels: { tenant: { header: "x-tenant" } } }] };

  expect(metricsConfig.parse(typed).metrics[0]?.type).toBe("COUNTER");
  expect(metricsConfig.parse({}).maxSeries).toBe(1_000);
  expect(judge(typed as Json)).toEqual({ zod: true, schema: true, module: true, logs: [] });
});
