// Our module, Envoy's own RBAC filter configured as istiod would, and the evaluator: three readings of Istio's rules, two of them in one Envoy.
import { expect, test } from "vitest";
import type { FilterSpec } from "../../../harness/index.ts";
import { seeded } from "../../../test/support/seeded.ts";
import { type Questions, askEnvoy, nativeLog } from "./reference/ask.ts";
import { decisive } from "./reference/decisive.ts";
import { difference, hasRepeatedHeader } from "./reference/difference.ts";
import { evaluate } from "./reference/evaluate.ts";
import { fieldNames } from "./reference/fields.ts";
import { generateConfig, generateFacts, generateNeighbour } from "./reference/generate.ts";
import { createMesh } from "./reference/listeners.ts";
import { noted } from "./reference/noted.ts";
import type { AuthzConfig } from "./reference/types.ts";
import { loopbackPeers, trustDomains } from "./reference/vocabulary.ts";
import { authzModule, directPeerFilter } from "./support.ts";

const CONFIGS = 150;
const REQUESTS = 20;

const mesh = await createMesh(trustDomains);

/** As they come, but first such that each list decides about some. */
function randomQuestions(random: () => number): Questions[] {
  const options = { directPeers: loopbackPeers };
  const counts = new Map(fieldNames.map((name) => [name, 0]));
  const questions: Questions[] = [];
  while (questions.length < CONFIGS) {
    const facts = generateFacts(random, options);
    const config = generateConfig(random, facts);
    const names = hasRepeatedHeader({ config, facts }) ? [] : [...decisive(config, facts)];
    const lacking = [...counts.values()].some((count) => count < 1);
    if (lacking && !names.some((name) => (counts.get(name) ?? 0) < 1)) continue;
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    const neighbours = Array.from({ length: REQUESTS - 1 }, () => generateNeighbour(random, facts, options));
    questions.push({ config, requests: [facts, ...neighbours] });
  }
  return questions;
}

const wasm = await authzModule();

/** Our filter, and the one in front of it that says who the direct peer is. */
function ours(config: AuthzConfig): FilterSpec[] {
  return [directPeerFilter, { name: "authz", wasm, config, vmId: "meshscript.authz" }];
}

test("our filter and Envoy's own say the same in one Envoy, and both say what the evaluator says: verdicts, rules, audits, dry runs", async () => {
  const questions = randomQuestions(seeded(4_711));
  const log = { ...nativeLog, authz: "%FILTER_STATE(wasm.meshscript.authz:PLAIN)%" };
  const said = await askEnvoy([...questions, ...questions.map((one) => ({ ...one, filters: ours(one.config) }))], mesh, log);
  const native = said.slice(0, said.length / 2);
  const own = said.slice(said.length / 2);
  const pairs = own.map((one, i) => ({ ...one, native: native[i]?.status }));
  const plain = pairs.filter((one) => !hasRepeatedHeader(one));
  const repeated = pairs.filter(hasRepeatedHeader);
  const stricter = repeated.filter((one) => one.status === 403 && one.native === 200);
  const decided = new Set(plain.flatMap(({ config, facts }) => [...decisive(config, facts)]));
  const allowed = own.filter(({ status }) => status === 200).length;
  console.log(
    `${own.length} pairs, ${allowed} allowed; a header repeated in ${repeated.length}, of which ours refuses ${stricter.length} more`,
  );

  expect(said.filter(({ status }) => status !== 200 && status !== 403)).toEqual([]);
  expect(native.filter((one) => !hasRepeatedHeader(one)).flatMap((one) => difference(one) ?? [])).toEqual([]);
  expect(plain.filter((one) => one.status !== one.native)).toEqual([]);
  expect(own.filter(({ config, facts, log: entry }) => entry?.["authz"] !== noted(evaluate(config, facts)))).toEqual([]);
  // Where a header is repeated, ours never allows what Envoy's own denies.
  expect(repeated.filter((one) => one.status === 200 && one.native !== 200)).toEqual([]);
  expect(stricter.length).toBeGreaterThan(0);
  expect(allowed).toBeGreaterThan(own.length * 0.2);
  expect(allowed).toBeLessThan(own.length * 0.8);
  expect(fieldNames.filter((name) => !decided.has(name))).toEqual([]);
}, 120_000);
