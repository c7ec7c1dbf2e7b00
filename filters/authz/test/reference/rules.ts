// Whether a rule applies to a request.
import { isInBlock } from "./addresses.ts";
import { claimMatches, metadataMatches, namesInBrackets, requestPrincipalMatches } from "./claims.ts";
import { namespacePattern, principalPattern, serviceAccountPattern, trustDomainPattern } from "./identities.ts";
import { type Predicate, headerPattern, hostPattern, pathPattern, stringPattern } from "./text.ts";
import { trustDomainsOf, trustDomainsWithAliases, withAliases } from "./trust-domains.ts";
import type { Action, AuthorizationPolicy, AuthzConfig, Condition, Operation, RequestFacts, Rule, Source } from "./types.ts";

/** What a rule's fields need besides the request. */
interface Around {
  action: Action;
  namespace: string;
  mesh: readonly string[];
  facts: RequestFacts;
}

type Field = (value: string) => boolean;

/** Any of its sources, any of its operations, all of its conditions; `{}` applies to everything. */
export function ruleApplies(rule: Rule, policy: AuthorizationPolicy, config: AuthzConfig, facts: RequestFacts): boolean {
  const around: Around = {
    action: policy.spec.action ?? "ALLOW",
    namespace: policy.metadata.namespace,
    mesh: trustDomainsOf(config),
    facts,
  };
  const { from = [], to = [], when = [] } = rule;
  return (
    (from.length === 0 || from.some(({ source }) => sourceHolds(source, around))) &&
    (to.length === 0 || to.some(({ operation }) => operationHolds(operation, around))) &&
    when.every((condition) => conditionHolds(condition, around))
  );
}

function sourceHolds(source: Source, around: Around): boolean {
  const { facts, mesh } = around;
  return (
    holds(withAliases(source.principals ?? [], mesh), withAliases(source.notPrincipals ?? [], mesh), principal(facts)) &&
    holds(source.requestPrincipals, source.notRequestPrincipals, requestPrincipal(facts)) &&
    holds(source.namespaces, source.notNamespaces, namespace(facts)) &&
    holds(source.serviceAccounts, source.notServiceAccounts, serviceAccount(around)) &&
    holds(source.ipBlocks, source.notIpBlocks, inBlock(facts.directPeer)) &&
    holds(source.remoteIpBlocks, source.notRemoteIpBlocks, inBlock(facts.client)) &&
    holds(
      trustDomainsWithAliases(source.trustDomains ?? [], mesh),
      trustDomainsWithAliases(source.notTrustDomains ?? [], mesh),
      trustDomain(facts),
    )
  );
}

function operationHolds(operation: Operation, { facts }: Around): boolean {
  const path = facts.path.replace(/[?#].*$/s, "");
  return (
    holds(operation.hosts, operation.notHosts, (value) => hostPattern(value)(facts.authority)) &&
    holds(operation.ports, operation.notPorts, isPort(facts)) &&
    holds(operation.methods, operation.notMethods, (value) => headerPattern(value)(facts.method)) &&
    holds(operation.paths, operation.notPaths, (value) => pathPattern(value)(path))
  );
}

function conditionHolds(condition: Condition, around: Around): boolean {
  const { key, values, notValues } = condition;
  const { facts, mesh } = around;
  const are = (field: Field) => holds(values, notValues, field);
  switch (key) {
    case "source.ip":
      return are(inBlock(facts.directPeer));
    case "remote.ip":
      return are(inBlock(facts.client));
    case "source.namespace":
      return are(namespace(facts));
    case "source.serviceAccount":
      return are(serviceAccount(around));
    case "source.trustDomain":
      return holds(trustDomainsWithAliases(values ?? [], mesh), trustDomainsWithAliases(notValues ?? [], mesh), trustDomain(facts));
    case "source.principal":
      return holds(withAliases(values ?? [], mesh), withAliases(notValues ?? [], mesh), principal(facts));
    case "request.auth.principal":
      return are(requestPrincipal(facts));
    case "request.auth.audiences":
      return are((value) => claimMatches(facts.payload, ["aud"], value));
    case "request.auth.presenter":
      return are((value) => claimMatches(facts.payload, ["azp"], value));
    case "destination.ip":
      return are(inBlock(facts.destination.ip));
    case "destination.port":
      return are(isPort(facts));
    case "connection.sni":
      // Without TLS or without a name it is the empty text, which no pattern matches.
      return are((value) => stringPattern(value)(facts.sni ?? ""));
    default:
      return bracketedHolds(condition, around);
  }
}

function bracketedHolds({ key, values, notValues }: Condition, { action, facts }: Around): boolean {
  const [, before = "", brackets = ""] = /^([^[]*)(\[.*\])$/s.exec(key) ?? [];
  if (before === "request.headers") {
    return headerHolds(headerValues(facts, brackets.slice(1, -1)), values ?? [], notValues ?? [], action);
  }
  if (before === "request.auth.claims") {
    return holds(values, notValues, (value) => claimMatches(facts.payload, namesInBrackets(brackets), value));
  }
  if (!before.startsWith("experimental.envoy.filters.")) throw new Error(`an unknown key is an error of the configuration: ${key}`);
  const metadata = facts.metadata?.[before.slice("experimental.".length)];
  const name = brackets.slice(1, -1);
  return holds(values, notValues, (value) =>
    metadataMatches(metadata !== undefined && Object.hasOwn(metadata, name) ? metadata[name] : undefined, value),
  );
}

/**
 * Unlike Envoy's, see `native.ts`: who repeats a header shall gain nothing by it. A rule that denies or audits applies when it would for any
 * one value, or for all of them joined by commas; a rule that allows only when it would for each. Both lists are asked about the same value.
 */
function headerHolds(present: readonly string[], values: readonly string[], notValues: readonly string[], action: Action): boolean {
  const one = (text: string) => holds(values, notValues, (value) => headerPattern(value)(text));
  if (present.length === 0) return values.length === 0;
  return action === "ALLOW" ? present.every(one) : present.some(one) || one(present.join(","));
}

/** To Envoy the first line and the host are headers, too. */
function headerValues({ headers, method, path, authority }: RequestFacts, name: string): string[] {
  const all = [...headers, [":method", method], [":path", path], [":authority", authority], ["host", authority]] as const;
  return all.filter(([given]) => given.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

/** One of the values, when there are any, and none of the others: so an attribute that is absent fails the first and passes the second. */
function holds(values: readonly string[] | undefined, notValues: readonly string[] | undefined, field: Field): boolean {
  const wanted = values ?? [];
  const unwanted = notValues ?? [];
  return (wanted.length === 0 || wanted.some(field)) && !unwanted.some(field);
}

function identity({ spiffeId }: RequestFacts, matches: Predicate): boolean {
  return spiffeId !== undefined && matches(spiffeId);
}

const principal =
  (facts: RequestFacts): Field =>
  (value) =>
    identity(facts, principalPattern(value));
const namespace =
  (facts: RequestFacts): Field =>
  (value) =>
    identity(facts, namespacePattern(value));
const serviceAccount =
  ({ facts, namespace }: Around): Field =>
  (value) =>
    identity(facts, serviceAccountPattern(value, namespace));
const trustDomain =
  (facts: RequestFacts): Field =>
  (value) =>
    identity(facts, trustDomainPattern(value));
const requestPrincipal =
  ({ payload }: RequestFacts): Field =>
  (value) =>
    requestPrincipalMatches(payload, value);
const inBlock =
  (address: string): Field =>
  (block) =>
    isInBlock(address, block);
const isPort =
  ({ destination }: RequestFacts): Field =>
  (value) =>
    Number(value) === destination.port;
