// The policy compiler: any configuration is taken or refused with a line, and what it takes decides as the evaluator does.
import { beforeAll, expect, test } from "vitest";
import { authzConfig } from "../../filters/authz/config.ts";
import { evaluate } from "../../filters/authz/test/reference/evaluate.ts";
import { generate } from "../../filters/authz/test/reference/generate.ts";
import { noted } from "../../filters/authz/test/reference/noted.ts";
import { hostRequest } from "../../filters/authz/test/reference/request.ts";
import type { AuthzConfig, RequestFacts } from "../../filters/authz/test/reference/types.ts";
import { authzModule } from "../../filters/authz/test/support.ts";
import { openHost } from "../../harness/host/index.ts";
import { type Verdict, openBareHost } from "../support/bare-host.ts";
import { type Json, type Material, mutated } from "../support/mutations.ts";
import { below, fuzz, mutate } from "./fuzz.ts";

let wasm: string;
beforeAll(async () => {
  wasm = await authzModule();
}, 120_000);

let host: ReturnType<typeof openBareHost>;
let asked = 0;

/** A new VM now and then: a host keeps only so many lines of its log. */
function configure(config: string | Uint8Array): Verdict {
  if (asked++ % 10_000 === 0) host = openBareHost(wasm);
  return host.configure(config);
}

const junk: Json[] = [
  null,
  true,
  0,
  -1,
  1e300,
  "",
  "*",
  "**",
  "{*}",
  "/{**}",
  "a/b/c",
  "\u0000",
  [],
  [[]],
  {},
  ["*"],
  [""],
  [1],
  "x".repeat(300),
];
const material: Material = {
  keys: ["from", "to", "when", "values", "notPaths", "action", "selector", "x"],
  values: junk,
  numbers: junk,
  junk,
};

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

test("any bytes are taken or refused", { timeout: 86_400_000 }, async () => {
  const taken = new Set<boolean>();
  const count = await fuzz<Buffer>({
    name: "policies-bytes",
    runs: 3_000,
    generate: (random) => mutate(random, Buffer.from(JSON.stringify(generate(random).config))),
    check: (bytes) => {
      const { accepted, logs } = configure(bytes);
      taken.add(accepted);
      if (accepted === logs.length > 0) throw new Error(`accepted: ${accepted}, logs: ${JSON.stringify(logs)}`);
      // The reader is as strict as JSON is: what it takes, every other takes, too.
      if (accepted) JSON.parse(utf8.decode(bytes));
    },
    show: (bytes) => bytes,
  });
  expect(count).toBeGreaterThan(0);
  expect(taken.size).toBe(2);
});

test("any object is taken or refused as the schema does, and never half", { timeout: 86_400_000 }, async () => {
  const taken = new Set<boolean>();
  await fuzz<Json>({
    name: "policies-objects",
    runs: 2_000,
    generate: (random) => {
      let config = generate(random).config as unknown as Json;
      for (let times = below(random, 3); times >= 0; times--) {
        config = mutated(config, below(random, 1e6), below(random, 10), below(random, 1e6), material);
      }
      return config;
    },
    check: (config) => {
      const { accepted, logs } = configure(JSON.stringify(config));
      const { success } = authzConfig.safeParse(config);
      taken.add(accepted);
      if (accepted !== success) throw new Error(`module: ${accepted} ${logs.join("; ")}, zod: ${success}`);
    },
    show: (config) => JSON.stringify(config),
  });
  expect(taken.size).toBe(2);
});

test("policies from anywhere decide as the evaluator does", { timeout: 86_400_000 }, async () => {
  interface Pair {
    config: AuthzConfig;
    facts: RequestFacts;
  }
  const verdicts = new Set<boolean>();
  await fuzz<Pair>({
    name: "policies-verdicts",
    runs: 400,
    // Policies of many requests together, of which the last is asked.
    generate: (random) => {
      const pairs = Array.from({ length: 1 + below(random, 30) }, () => generate(random));
      const { facts } = pairs.at(-1) as Pair;
      const policies = pairs
        .flatMap(({ config }) => config.policies)
        .map((policy, i) => ({ ...policy, metadata: { ...policy.metadata, name: `p${i}` } }));
      return { config: { policies }, facts };
    },
    check: async ({ config, facts }) => {
      const target = await openHost({
        filters: [{ name: "authz", wasm, config }],
        accessLog: { authz: "%FILTER_STATE(wasm.meshscript.authz:PLAIN)%" },
      });
      await target.request(hostRequest(facts));
      const got = target.accessLog().at(-1)?.["authz"];
      await target.stop();
      // A host without TLS: nobody has a certificate.
      const { spiffeId: _, sni: __, ...plain } = facts;
      const verdict = evaluate(config, plain);
      verdicts.add(verdict.allowed);
      if (got !== noted(verdict)) throw new Error(`got ${String(got)}, expected ${noted(verdict)}`);
    },
    show: (pair) => JSON.stringify(pair),
  });
  expect(verdicts.size).toBe(2);
});
