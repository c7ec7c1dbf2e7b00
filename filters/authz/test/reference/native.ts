// A configuration as the filters that istiod would give to Envoy.
//
// What these do otherwise than the product, by design:
// - Of a header that comes twice Envoy (1.40; after CVE-2026-26308) takes each value by itself: a positive match is one of any value, a `not`
//   match one of none, for ALLOW and DENY alike, and the values joined by commas are never looked at. The product takes the safe side of each:
//   what it allows, these allow; what these deny, it denies. `particular.envoy.test.ts` has the table.
// - Of several rules that apply Envoy names the first by name, the product the first by order.
// - An ALLOW filter without policies stands for `defaultAction: deny`, which Istio does not have.
import type { ConfigObject, NativeFilterSpec } from "../../../../harness/index.ts";
import { aliasesOfPrincipals, aliasesOfTrustDomains, trustDomainBundle } from "./native-aliases.ts";
import {
  cidrRange,
  claimMatcher,
  filterMetadataMatcher,
  headerMatcher,
  namespaceMatcher,
  pathMatcher,
  principalMatcher,
  requestPrincipalMatcher,
  serviceAccountMatcher,
  stringMatcher,
  trustDomainMatcher,
} from "./native-matchers.ts";
import type { AuthorizationPolicy, AuthzConfig, Condition, Operation, Rule, Source } from "./types.ts";

type List = readonly string[] | undefined;
type Policies = Record<string, ConfigObject>;

/** What a rule is translated with. */
interface Scope {
  namespace: string;
  bundle: readonly string[];
}

/** Matches nothing: what Istio makes of a policy without rules. */
const never = { permissions: [{ not_rule: { any: true } }], principals: [{ not_id: { any: true } }] };

/** The native filters of a configuration, in Istio's order: AUDIT, DENY, ALLOW; those that it does not need are left out. */
export function nativeRbac(config: AuthzConfig): NativeFilterSpec[] {
  const actions = [
    { action: "LOG", policies: of(config, "AUDIT"), prefix: "" },
    { action: "DENY", policies: of(config, "DENY"), prefix: "istio_dry_run_deny_" },
    { action: "ALLOW", policies: of(config, "ALLOW"), prefix: "istio_dry_run_allow_" },
  ];
  return actions.flatMap(({ action, policies, prefix }) => {
    const [tried, enforced] = [policies.filter(isTried), policies.filter((policy) => !isTried(policy))];
    // Ours, not Istio's: without ALLOW policies an empty map of them, which allows nothing.
    const byDefault = action === "ALLOW" && config.defaultAction === "deny" && enforced.length === 0;
    const rules = enforced.length > 0 || byDefault ? { rules: { action, policies: translated(enforced, config) } } : {};
    const shadow =
      tried.length > 0 ? { shadow_rules: { action, policies: translated(tried, config) }, shadow_rules_stat_prefix: prefix } : {};
    if (policies.length === 0 && !byDefault) return [];
    return [
      {
        name: "envoy.filters.http.rbac",
        typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC", ...rules, ...shadow },
      },
    ];
  });
}

/** `ns[shop]-policy[web]-rule[0]`: what Envoy tells of a denial in the details of the response code. */
export function nativeRuleName(namespace: string, name: string, rule: number): string {
  return `ns[${namespace}]-policy[${name}]-rule[${rule}]`;
}

function of({ policies }: AuthzConfig, action: string): AuthorizationPolicy[] {
  return policies.filter(({ spec }) => (spec.action ?? "ALLOW") === action);
}

function isTried({ metadata }: AuthorizationPolicy): boolean {
  return metadata.annotations?.["istio.io/dry-run"] === "true";
}

function translated(policies: readonly AuthorizationPolicy[], config: AuthzConfig): Policies {
  const all: Policies = {};
  for (const { metadata, spec } of policies) {
    const scope = { namespace: metadata.namespace, bundle: trustDomainBundle(config) };
    const rules = spec.rules ?? [];
    if (rules.length === 0) all[nativeRuleName(metadata.namespace, metadata.name, 0)] = never;
    rules.forEach((rule, index) => {
      all[nativeRuleName(metadata.namespace, metadata.name, index)] = translatedRule(rule, scope);
    });
  }
  return all;
}

function translatedRule(rule: Rule, scope: Scope): ConfigObject {
  const conditions = (rule.when ?? []).map((condition) => translatedCondition(condition, scope));
  const ids = conditions.flatMap(({ ids = [] }) => ids);
  const rules = conditions.flatMap(({ rules = [] }) => rules);
  const sources = rule.from?.length ? rule.from.map(({ source }) => sourceIds(source, scope)) : [[]];
  const operations = rule.to?.length ? rule.to.map(({ operation }) => operationRules(operation)) : [[]];
  return {
    permissions: operations.map((own) => ({ and_rules: { rules: orAny([...own, ...rules]) } })),
    principals: sources.map((own) => ({ and_ids: { ids: orAny([...own, ...ids]) } })),
  };
}

function orAny(matchers: ConfigObject[]): ConfigObject[] {
  return matchers.length > 0 ? matchers : [{ any: true }];
}

function sourceIds(source: Source, { namespace, bundle }: Scope): ConfigObject[] {
  const aliased = (list: List) => aliasesOfPrincipals(list ?? [], bundle);
  const domains = (list: List) => aliasesOfTrustDomains(list ?? [], bundle);
  return [
    ...ids(aliased(source.principals), aliased(source.notPrincipals), principalMatcher),
    ...ids(source.requestPrincipals, source.notRequestPrincipals, requestPrincipalMatcher),
    ...ids(source.serviceAccounts, source.notServiceAccounts, (value) => serviceAccountMatcher(value, namespace)),
    ...ids(source.namespaces, source.notNamespaces, namespaceMatcher),
    ...ids(domains(source.trustDomains), domains(source.notTrustDomains), trustDomainMatcher),
    ...ids(source.remoteIpBlocks, source.notRemoteIpBlocks, (block) => ({ remote_ip: cidrRange(block) })),
    ...ids(source.ipBlocks, source.notIpBlocks, (block) => ({ direct_remote_ip: cidrRange(block) })),
  ];
}

function operationRules(operation: Operation): ConfigObject[] {
  return [
    ...rulesOf(operation.hosts, operation.notHosts, (host) => headerMatcher(":authority", host, true)),
    ...rulesOf(operation.methods, operation.notMethods, (method) => headerMatcher(":method", method)),
    ...rulesOf(operation.paths, operation.notPaths, pathMatcher),
    ...rulesOf(operation.ports, operation.notPorts, (port) => ({ destination_port: Number(port) })),
  ];
}

/** About who asks (ids), or about what is asked for (rules). */
function translatedCondition({ key, values, notValues }: Condition, scope: Scope): { ids?: ConfigObject[]; rules?: ConfigObject[] } {
  const { bundle } = scope;
  const named = /^(request\.headers|request\.auth\.claims|experimental\.envoy\.filters\.[^[]+)\[(.+)\]$/.exec(key);
  if (named?.[1] === "request.headers") return { ids: ids(values, notValues, (value) => headerMatcher(named[2] ?? "", value)) };
  if (named?.[1] === "request.auth.claims") {
    const claims = (named[2] ?? "").split("][");
    return { ids: idsOfLists(values, notValues, (list) => claimMatcher(claims, list)) };
  }
  if (named?.[1] !== undefined) {
    const filter = named[1].replace("experimental.", "");
    return { rules: rulesOfLists(values, notValues, (list) => filterMetadataMatcher(filter, named[2] ?? "", list)) };
  }
  const forSource = (source: Source) => ({ ids: sourceIds(source, scope) });
  const both = { values: values ?? [], notValues: notValues ?? [] };
  switch (key) {
    case "source.ip":
      return forSource({ ipBlocks: both.values, notIpBlocks: both.notValues });
    case "remote.ip":
      return forSource({ remoteIpBlocks: both.values, notRemoteIpBlocks: both.notValues });
    case "source.namespace":
      return forSource({ namespaces: both.values, notNamespaces: both.notValues });
    case "source.serviceAccount":
      return forSource({ serviceAccounts: both.values, notServiceAccounts: both.notValues });
    case "source.trustDomain":
      return {
        ids: ids(aliasesOfTrustDomains(both.values, bundle), aliasesOfTrustDomains(both.notValues, bundle), trustDomainMatcher),
      };
    case "source.principal":
      return forSource({ principals: both.values, notPrincipals: both.notValues });
    case "request.auth.principal":
      return forSource({ requestPrincipals: both.values, notRequestPrincipals: both.notValues });
    case "request.auth.audiences":
      return { ids: idsOfLists(values, notValues, (list) => claimMatcher(["aud"], list)) };
    case "request.auth.presenter":
      return { ids: idsOfLists(values, notValues, (list) => claimMatcher(["azp"], list)) };
    case "destination.ip":
      return { rules: rulesOf(values, notValues, (block) => ({ destination_ip: cidrRange(block) })) };
    case "destination.port":
      return { rules: operationRules({ ports: both.values, notPorts: both.notValues }) };
    case "connection.sni":
      return { rules: rulesOf(values, notValues, (name) => ({ requested_server_name: stringMatcher(name) })) };
    default:
      throw new Error(`Istio knows no attribute ${key}`);
  }
}

function ids(values: List, notValues: List, matcher: (value: string) => ConfigObject): ConfigObject[] {
  return idsOfLists(values, notValues, (list) => ({ or_ids: { ids: list.map(matcher) } }));
}

function idsOfLists(values: List, notValues: List, matcher: (list: readonly string[]) => ConfigObject): ConfigObject[] {
  return [...(values?.length ? [matcher(values)] : []), ...(notValues?.length ? [{ not_id: matcher(notValues) }] : [])];
}

function rulesOf(values: List, notValues: List, matcher: (value: string) => ConfigObject): ConfigObject[] {
  return rulesOfLists(values, notValues, (list) => ({ or_rules: { rules: list.map(matcher) } }));
}

function rulesOfLists(values: List, notValues: List, matcher: (list: readonly string[]) => ConfigObject): ConfigObject[] {
  return [...(values?.length ? [matcher(values)] : []), ...(notValues?.length ? [{ not_rule: matcher(notValues) }] : [])];
}
