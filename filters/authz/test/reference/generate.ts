// Random configurations and requests that have to do with each other.
import { type Random, pick } from "../../../../test/support/seeded.ts";
import { type Field, conditionFields, operationFields, sourceFields } from "./fields.ts";
import { ruleApplies } from "./rules.ts";
import type { Action, AuthorizationPolicy, AuthzConfig, Operation, RequestFacts, Rule, Source } from "./types.ts";
import { chance, randomFacts, vocabulary } from "./vocabulary.ts";

export interface Pair {
  config: AuthzConfig;
  facts: RequestFacts;
}

export interface GenerateOptions {
  /** Who opens connections [more than a real Envoy on loopback can meet]. */
  directPeers?: readonly string[];
}

/** A configuration, and a request that it was made for: mostly one list of one rule is what decides. */
export function generate(random: Random, options: GenerateOptions = {}): Pair {
  const facts = generateFacts(random, options);
  return { config: generateConfig(random, facts), facts };
}

/** A request of its own. */
export function generateFacts(random: Random, { directPeers = vocabulary.directPeer }: GenerateOptions = {}): RequestFacts {
  return randomFacts(random, directPeers);
}

const factNames = [
  ...(["method", "path", "authority", "headers", "spiffeId", "sni"] as const),
  ...(["directPeer", "client", "destination", "payload", "metadata"] as const),
];

/** The request again, with some of what it says taken from another. */
export function generateNeighbour(random: Random, facts: RequestFacts, options: GenerateOptions = {}): RequestFacts {
  const other = generateFacts(random, options);
  const neighbour: Record<string, unknown> = { ...facts };
  for (const key of some(random, factNames, [1, 1, 2, 3])) {
    if (other[key] === undefined) delete neighbour[key];
    else neighbour[key] = other[key];
  }
  return neighbour as unknown as RequestFacts;
}

/** A configuration for a request. */
export function generateConfig(random: Random, facts: RequestFacts): AuthzConfig {
  const mesh = randomMesh(random);
  const wanted = pick(random, ["near", "near", "near", "hit", "any"] as const);
  const action: Action = chance(random, 0.5) ? "ALLOW" : "DENY";
  const namespace = pick(random, ["shop", "ops", "shop.eu"]);
  const others = Array.from({ length: pick(random, [0, 0, 1, 1, 2]) }, () => randomOther(random, facts, mesh));
  const main = { namespace, action, rules: [randomRule(random, facts, mesh, namespace, wanted)] };
  if (chance(random, 0.2)) main.rules.push(randomRule(random, facts, mesh, namespace, "any"));
  const specs = others.toSpliced(Math.floor(random() * (others.length + 1)), 0, main);
  return { ...mesh, policies: specs.map((spec, i) => randomPolicy(random, spec, `p${i}`)) };
}

interface Spec {
  namespace: string;
  action: Action;
  rules: Rule[];
  dryRun?: boolean;
}

/** All that comes beside the policies. */
type MeshConfig = Omit<AuthzConfig, "policies">;

function randomMesh(random: Random): MeshConfig {
  const trustDomain = pick(random, [undefined, "cluster.local", "mesh.east", "old.td"]);
  const trustDomainAliases = pick(random, [undefined, [], ["old.td"], ["old.td", "oldxtd"], ["cluster.local"], ["mesh.east", "old.td"]]);
  const defaultAction = pick(random, [undefined, undefined, "allow", "deny"] as const);
  return {
    ...(trustDomain === undefined ? {} : { trustDomain }),
    ...(trustDomainAliases === undefined ? {} : { trustDomainAliases }),
    ...(defaultAction === undefined ? {} : { defaultAction }),
  };
}

function randomPolicy(random: Random, { namespace, action, rules, dryRun }: Spec, name: string): AuthorizationPolicy {
  const annotations = dryRun ? { "istio.io/dry-run": "true" } : chance(random, 0.1) ? { "istio.io/dry-run": "false" } : undefined;
  const empty = rules.length === 0 && chance(random, 0.5);
  return {
    apiVersion: "security.istio.io/v1",
    kind: "AuthorizationPolicy",
    metadata: { name, namespace, ...(annotations ? { annotations } : {}) },
    spec: { ...(action === "ALLOW" && chance(random, 0.3) ? {} : { action }), ...(empty ? {} : { rules }) },
  };
}

/** A policy that mostly leaves the decision to the others. */
function randomOther(random: Random, facts: RequestFacts, mesh: MeshConfig): Spec {
  const namespace = pick(random, ["shop", "ops"]);
  const action = pick<Action>(random, ["ALLOW", "DENY", "DENY", "AUDIT"]);
  const kind = random();
  if (kind < 0.06) return { namespace, action, rules: [] };
  if (kind < 0.09) return { namespace, action, rules: [{}] };
  const aim = action === "AUDIT" ? pick(random, ["hit", "near", "any"] as const) : "any";
  const rules = Array.from({ length: pick(random, [1, 1, 2]) }, () => randomRule(random, facts, mesh, namespace, aim));
  return { namespace, action, rules, dryRun: chance(random, 0.3) };
}

/** Istio refuses service accounts beside principals and namespaces. */
const sourceKinds = [/serviceAccounts$/i, /source\.(not)?(principals|namespaces)$/i].map((excluded) =>
  sourceFields.filter(({ name }) => !excluded.test(name)),
);

/** `hit`: it applies; `near`: it would, but for one list; `any`: as it comes. */
type Aim = "hit" | "near" | "any";

function randomRule(random: Random, facts: RequestFacts, mesh: MeshConfig, namespace: string, aim: Aim): Rule {
  const possible = pick(random, sourceKinds);
  const fields = [
    ...some(random, possible, [0, 1, 1, 2, 3]),
    ...some(random, operationFields, [0, 0, 1, 1, 2]),
    ...some(random, conditionFields, [0, 1, 1, 2, 3]),
  ];
  if (fields.length === 0) fields.push(pick(random, conditionFields));
  const failing = aim === "near" ? pick(random, fields) : undefined;
  const lists = fields.flatMap((field) => {
    const values = aim === "any" ? randomValues(random, field, facts) : drawn(random, field, facts, mesh, namespace, field !== failing);
    return values === undefined ? [] : [{ field, values }];
  });
  const rule = joined(lists.map(({ field, values }) => field.rule(values)));
  // A rule of a list that cannot be what it should would apply to everything.
  if (lists.length === 0) return { when: [{ key: "destination.port", values: ["1"] }] };
  return withAlternatives(random, rule, facts, possible);
}

/** Sometimes further sources and operations, any of which may do. */
function withAlternatives(random: Random, rule: Rule, facts: RequestFacts, possible: Field[]): Rule {
  const { from, to } = rule;
  const one = (fields: Field[]) => {
    const field = pick(random, fields);
    return field.rule(randomValues(random, field, facts));
  };
  if (from && chance(random, 0.15)) from.push(...(one(possible).from ?? []));
  if (to && chance(random, 0.15)) to.push(...(one(operationFields).to ?? []));
  return rule;
}

function some<T>(random: Random, list: readonly T[], counts: readonly number[]): T[] {
  return [...new Set(Array.from({ length: pick(random, counts) }, () => pick(random, list)))];
}

function randomValues(random: Random, field: Field, facts: RequestFacts): string[] {
  return [...new Set(Array.from({ length: pick(random, [1, 1, 2, 3]) }, () => field.value(random, facts)))];
}

/** Values by which the list holds, or fails; undefined when no try was one. */
function drawn(
  random: Random,
  field: Field,
  facts: RequestFacts,
  mesh: MeshConfig,
  namespace: string,
  holds: boolean,
): string[] | undefined {
  const policy = { metadata: { name: "one", namespace }, spec: {} };
  const config = { ...mesh, policies: [] };
  for (let i = 0; i < 12; i++) {
    const values = randomValues(random, field, facts);
    if (ruleApplies(field.rule(values), policy, config, facts) === holds) return values;
  }
  return undefined;
}

/** One rule of the lists of all: one source, one operation, a condition for each key. */
function joined(rules: Rule[]): Rule {
  const source: Source = Object.assign({}, ...rules.map(({ from }) => from?.[0]?.source));
  const operation: Operation = Object.assign({}, ...rules.map(({ to }) => to?.[0]?.operation));
  const when = rules.flatMap((rule) => rule.when ?? []);
  const keys = [...new Set(when.map(({ key }) => key))];
  const conditions = keys.map((key) => Object.assign({}, ...when.filter((condition) => condition.key === key)));
  return {
    ...(Object.keys(source).length > 0 ? { from: [{ source }] } : {}),
    ...(Object.keys(operation).length > 0 ? { to: [{ operation }] } : {}),
    ...(conditions.length > 0 ? { when: conditions } : {}),
  };
}
