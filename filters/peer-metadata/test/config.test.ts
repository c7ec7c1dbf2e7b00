// The schema and the module must judge every configuration alike, but for the few rules that a schema cannot say.
import { Ajv } from "ajv";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Verdict, openBareHost } from "../../../test/support/bare-host.ts";
import type { Json, Material } from "../../../test/support/mutations.ts";
import { type Judgement, acceptAll, judgeMutations } from "../../../test/support/parity.ts";
import { schemaFile } from "../../configs.ts";
import { type PeerMetadataConfig, peerMetadataConfig } from "../config.ts";
import { peerMetadataModule } from "./support.ts";

let configure: (config: string) => Verdict;
const bySchema = new Ajv({ allErrors: false, strict: false }).compile(JSON.parse(schemaFile("peer-metadata")));

beforeAll(async () => {
  configure = openBareHost(await peerMetadataModule()).configure;
}, 120_000);

function judge(candidate: Json): Judgement {
  const { accepted, logs } = configure(JSON.stringify(candidate));
  return { zod: peerMetadataConfig.safeParse(candidate).success, schema: bySchema(candidate), module: accepted, logs };
}

const text = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom("reviews-v1", "x".repeat(256), "日本", "zoë"));
const condition = fc.oneof(
  fc.record({ header: fc.constant("x-user"), exact: text, not: fc.boolean() }, { requiredKeys: ["header", "exact"] }),
  fc.record({ attribute: fc.constant("xds.cluster_name"), prefix: fc.constant("outbound|") }) as fc.Arbitrary<object>,
);
const workload = fc.record(
  { name: text, namespace: text, app: text, version: text, canonicalService: text, canonicalRevision: text, cluster: text },
  { requiredKeys: [] },
);
const common = { trust: fc.constantFrom("mutualTls", "always"), workload };
const config = fc.oneof(
  fc.record({ direction: fc.constant("inbound"), when: fc.constant([]), ...common }, { requiredKeys: [] }) as fc.Arbitrary<object>,
  fc.record({ direction: fc.constant("outbound"), when: fc.array(condition, { maxLength: 3 }), ...common }, { requiredKeys: [] }),
  fc.record({ when: fc.array(condition, { maxLength: 3 }), ...common }, { requiredKeys: [] }),
) as fc.Arbitrary<Json>;

const junk: Json[] = [
  ...([null, true, false, 0, 1, -1, 0.5, "", "a", "inbound", "outbound", "always", "mutualTls"] as Json[]),
  ...(["a\nb", "\u0000", "\u007f", "\u0085", "\u00a0", "x".repeat(257), "é".repeat(129), "é".repeat(128)] as Json[]),
  ...([[], {}, [""], [{}], { header: "x" }, [{ header: "x", exact: "a" }], { name: 1 }] as Json[]),
];
const material: Material = {
  keys: ["surplus", "direction", "when", "trust", "workload", "name", "owner", "header", "exact", "not"],
  values: junk,
  numbers: junk,
  junk,
};

/** What a schema cannot say, by the module's words. An example of each. */
const beyondSchema: [rule: string, example: Json][] = [
  ["must be 256 bytes at most, without control characters", { workload: { cluster: "é".repeat(129) } }],
  ['is for "outbound"', { direction: "inbound", when: [{ header: "x", present: true }] }],
];

test("1,000 valid configurations are accepted by zod, by the schema and by the module", () => {
  const seen = acceptAll(config, judge, 1_000);
  for (const field of ["direction", "when", "trust", "workload", "canonicalRevision", "not"]) {
    expect([field, (seen.get(field) ?? 0) > 50]).toEqual([field, true]);
  }
});

test("3,000 configurations with one place changed are judged alike by zod and the module, and the schema refuses none that the module takes", () => {
  const { refused, accepted } = judgeMutations({
    filter: "peer-metadata",
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
    [{ direction: "both" }, 'direction (line 1, column 15): must be one of "inbound", "outbound", got "both"'],
    [{ trust: "none" }, 'trust (line 1, column 11): must be one of "mutualTls", "always", got "none"'],
    [{ workload: { name: 7 } }, "workload.name (line 1, column 21): must be a string, got 7"],
    [{ workload: { app: "a\tb" } }, "workload.app (line 1, column 15): must be 256 bytes at most, without control characters"],
    [{ worklod: {} }, "worklod (line 1, column 3): unknown field; known: direction, when, trust, workload"],
  ])("%j", (candidate, message) => {
    const { logs, module, zod } = judge(candidate);

    expect({ module, zod }).toEqual({ module: false, zod: false });
    expect(logs.map((line) => line.replace(/^\[peer-metadata #\d+\] configuration refused: /, ""))).toEqual([message]);
  });
});

test("the type of a configuration is the schema's", () => {
  const typed: PeerMetadataConfig = { when: [{ attribute: "xds.cluster_name", prefix: "outbound|" }] };

  expect(peerMetadataConfig.parse(typed).trust).toBe("mutualTls");
  expect(peerMetadataConfig.parse({}).when).toEqual([]);
  expect(judge(typed as Json)).toEqual({ zod: true, schema: true, module: true, logs: [] });
});
