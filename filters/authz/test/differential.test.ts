// The module on the in-process host against an evaluator that was written from Istio's documents alone: reference/evaluate.ts.
import { expect, test } from "vitest";
import { type HostRequest, openHost } from "../../../harness/host/index.ts";
import { seeded } from "../../../test/support/seeded.ts";
import { decisive } from "./reference/decisive.ts";
import { evaluate } from "./reference/evaluate.ts";
import { fieldNames } from "./reference/fields.ts";
import { generate, generateNeighbour } from "./reference/generate.ts";
import { createMesh } from "./reference/listeners.ts";
import { noted } from "./reference/noted.ts";
import { hostRequest } from "./reference/request.ts";
import type { AuthzConfig, RequestFacts } from "./reference/types.ts";
import { trustDomains } from "./reference/vocabulary.ts";
import { authzModule } from "./support.ts";

const PAIRS = 100_000;
/** Requests for each configuration: the one that it was made for, and others like that. */
const REQUESTS = 4;
/** Configurations that share a host, each with a listener and a root of its own. */
const TOGETHER = 500;

const wasm = await authzModule();
const mesh = await createMesh(trustDomains);
const authz = "%FILTER_STATE(wasm.meshscript.authz:PLAIN)%";

async function requestOf(facts: RequestFacts): Promise<HostRequest> {
  const { spiffeId, sni } = facts;
  return {
    ...hostRequest(facts),
    ...(spiffeId === undefined ? {} : { identity: await mesh.identityOf(spiffeId) }),
    ...(sni === undefined ? {} : { serverName: sni }),
    trust: mesh.trustBundle,
  };
}

interface Question {
  config: AuthzConfig;
  requests: RequestFacts[];
}

function question(random: () => number): Question {
  const { config, facts } = generate(random);
  return { config, requests: [facts, ...Array.from({ length: REQUESTS - 1 }, () => generateNeighbour(random, facts))] };
}

/** What the module says to all requests, in order. */
async function ask(questions: readonly Question[]): Promise<string[]> {
  const tls = { identity: mesh.server, trust: mesh.trustBundle, clientCertificate: "optional" as const };
  const listeners = Object.fromEntries(
    questions.map(({ config }, i) => [`c${i}`, { tls, accessLog: { authz }, filters: [{ name: "authz", wasm, config, vmId: "one" }] }]),
  );
  const host = await openHost({ listeners, componentLogLevel: "wasm:info" });
  const statuses: number[] = [];
  for (const [i, { requests }] of questions.entries()) {
    for (const facts of requests) statuses.push((await host.request({ ...(await requestOf(facts)), listener: `c${i}` })).status);
  }
  const log = host.accessLog();
  await host.stop();
  return statuses.map((status, i) => `${status} ${String(log[i]?.["authz"])}`);
}

test("100,000 policies and requests get the verdicts, rules, audits and dry runs of an independent evaluator", async () => {
  const random = seeded(20_260_101);
  const decided = new Map(fieldNames.map((name) => [name, 0]));
  const wrong: unknown[] = [];
  let pairs = 0;
  let allowed = 0;
  while (pairs < PAIRS) {
    const questions = Array.from({ length: TOGETHER }, () => question(random));
    const answers = await ask(questions);
    const asked = questions.flatMap(({ config, requests }) => requests.map((facts) => ({ config, facts })));
    for (const [i, { config, facts }] of asked.entries()) {
      const verdict = evaluate(config, facts);
      const expected = `${verdict.allowed ? 200 : 403} ${noted(verdict)}`;
      if (verdict.allowed) allowed++;
      if (answers[i] !== expected) wrong.push({ got: answers[i], expected, config, facts });
      for (const name of new Set(decisive(config, facts))) decided.set(name, (decided.get(name) ?? 0) + 1);
    }
    pairs += asked.length;
  }
  const [least] = [...decided].sort(([, a], [, b]) => a - b);
  console.log(`${pairs} pairs, ${allowed} allowed, ${wrong.length} differences; decides least often: ${least?.join(" ")} times`);

  expect(wrong.slice(0, 3)).toEqual([]);
  expect(allowed).toBeGreaterThan(PAIRS * 0.2);
  expect(allowed).toBeLessThan(PAIRS * 0.8);
  expect([...decided].filter(([, count]) => count < 100)).toEqual([]);
}, 300_000);
