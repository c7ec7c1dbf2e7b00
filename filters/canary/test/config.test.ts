// The schema and the module must judge every configuration alike, but for the few rules that a schema cannot say.
import { Ajv } from "ajv";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Verdict, openBareHost } from "../../../test/support/bare-host.ts";
import type { Json, Material } from "../../../test/support/mutations.ts";
import { type Judgement, acceptAll, judgeMutations } from "../../../test/support/parity.ts";
import { schemaFile } from "../../configs.ts";
import { type CanaryConfig, canaryConfig } from "../config.ts";
import { canaryModule } from "./support.ts";

let configure: (config: string) => Verdict;
const bySchema = new Ajv({ allErrors: false, strict: false }).compile(JSON.parse(schemaFile("canary")));

beforeAll(async () => {
  configure = openBareHost(await canaryModule()).configure;
}, 120_000);

function judge(candidate: Json): Judgement {
  const { accepted, logs } = configure(JSON.stringify(candidate));
  return { zod: canaryConfig.safeParse(candidate).success, schema: bySchema(candidate), module: accepted, logs };
}

const unit = fc.constantFrom<object>({ header: "x-user" }, { cookie: "session" }, { claim: ["sub"] }, { principal: {} }, { clientIp: {} });
const split = fc.record(
  { name: fc.string({ minLength: 1, maxLength: 6 }), seed: fc.constantFrom("", "reviews", "日本"), unit },
  { requiredKeys: ["unit"] },
);
const config = fc.record(
  {
    header: fc.constantFrom("x-lot", "X-Lot", "cookie"),
    splits: fc.uniqueArray(split, { maxLength: 4, selector: ({ name }) => name }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Json>;

const junk: Json[] = [
  ...([null, true, false, 0, 1, -1, 0.5, "", "a", "x y", ":path", "host", "Host", "content-length", "TE", "x-a"] as Json[]),
  ...([[], {}, [""], [{}], { header: "x" }, { header: "" }, { header: "x", cookie: "y" }, [{ unit: { header: "x" } }]] as Json[]),
];
const material: Material = {
  keys: ["surplus", "header", "splits", "name", "seed", "unit", "cookie"],
  values: junk,
  numbers: junk,
  junk,
};

/** What a schema cannot say, by the module's words. An example of each. */
const beyondSchema: [rule: string, example: Json][] = [
  [
    "is another split's name already",
    {
      splits: [
        { name: "a", unit: { header: "x" } },
        { name: "a", unit: { cookie: "x" } },
      ],
    },
  ],
];

test("1,000 valid configurations are accepted by zod, by the schema and by the module", () => {
  const seen = acceptAll(config, judge, 1_000);
  for (const field of ["header", "splits", "name", "seed", "unit"]) expect([field, (seen.get(field) ?? 0) > 50]).toEqual([field, true]);
});

test("3,000 configurations with one place changed are judged alike by zod and the module, and the schema refuses none that the module takes", () => {
  const rules = beyondSchema.map(([rule]) => rule);
  const { refused, accepted } = judgeMutations({ filter: "canary", config, material, judge, beyondSchema: rules, numRuns: 3_000 });
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
    [{ header: "host" }, "header (line 1, column 12): is no name of a header that may be changed here"],
    [{ splits: [{}] }, "splits[0] (line 1, column 12): unit is missing"],
    [{ splits: [{ name: "", unit: { header: "x" } }] }, "splits[0].name (line 1, column 21): must not be empty"],
    [{ splitz: [] }, "splitz (line 1, column 3): unknown field; known: header, splits"],
  ])("%j", (candidate, message) => {
    const { logs, module, zod } = judge(candidate);

    expect({ module, zod }).toEqual({ module: false, zod: false });
    expect(logs.map((line) => line.replace(/^\[canary #\d+\] configuration refused: /, ""))).toEqual([message]);
  });
});

test("the type of a configuration is the schema's", () => {
  const typed: CanaryConfig = { splits: [{ unit: { header: "x-user" } }] };

  expect(canaryConfig.parse(typed).header).toBe("x-meshscript-canary");
  expect(judge(typed as Json)).toEqual({ zod: true, schema: true, module: true, logs: [] });
});
