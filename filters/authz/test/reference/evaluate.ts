// What Istio would decide: slow, and so plain that it can be checked by reading. Where the product differs from Istio, rules.ts says so.
import { ruleApplies } from "./rules.ts";
import type { Action, AuthorizationPolicy, AuthzConfig, RequestFacts } from "./types.ts";

/** A rule by its place. */
export interface RuleName {
  namespace: string;
  name: string;
  /** Its index in the policy. */
  rule: number;
}

export interface Verdict {
  allowed: boolean;
  /** The first rule that decided, in the order of the configuration; undefined when none applied. */
  by?: RuleName;
  /** `namespace/name[rule]` of all AUDIT rules that apply. */
  audited: string[];
  /** What the policies that only try would say, by action; an action without such policies is absent. */
  dryRun: { deny?: DryRun; allow?: DryRun };
}

export interface DryRun {
  /** What the filter with only these policies would answer. */
  allowed: boolean;
  /** The first rule that applies. */
  by?: RuleName;
}

/** Decides: a DENY rule that applies denies; without ALLOW policies the default decides; else an ALLOW rule must apply. */
export function evaluate(config: AuthzConfig, facts: RequestFacts): Verdict {
  const enforced = config.policies.filter((policy) => !isDryRun(policy));
  const tried = config.policies.filter(isDryRun);
  const applying = (policies: AuthorizationPolicy[], action: Action) => rulesThatApply(policies, action, config, facts);
  const audited = applying(enforced, "AUDIT").map(({ namespace, name, rule }) => `${namespace}/${name}[${rule}]`);
  const dryRun = dryRunOf(tried, applying);

  const [denying] = applying(enforced, "DENY");
  if (denying !== undefined) return { allowed: false, by: denying, audited, dryRun };
  if (!hasAction(enforced, "ALLOW")) return { allowed: config.defaultAction !== "deny", audited, dryRun };
  const [allowing] = applying(enforced, "ALLOW");
  return allowing === undefined ? { allowed: false, audited, dryRun } : { allowed: true, by: allowing, audited, dryRun };
}

function dryRunOf(tried: AuthorizationPolicy[], applying: (policies: AuthorizationPolicy[], action: Action) => RuleName[]) {
  const dryRun: Verdict["dryRun"] = {};
  const [denying] = applying(tried, "DENY");
  const [allowing] = applying(tried, "ALLOW");
  if (hasAction(tried, "DENY")) dryRun.deny = { allowed: denying === undefined, ...(denying ? { by: denying } : {}) };
  if (hasAction(tried, "ALLOW")) dryRun.allow = { allowed: allowing !== undefined, ...(allowing ? { by: allowing } : {}) };
  return dryRun;
}

function rulesThatApply(policies: AuthorizationPolicy[], action: Action, config: AuthzConfig, facts: RequestFacts): RuleName[] {
  return policies.flatMap((policy) => {
    if (actionOf(policy) !== action) return [];
    const { namespace, name } = policy.metadata;
    // A policy without rules applies to nothing.
    return (policy.spec.rules ?? []).flatMap((rule, index) =>
      ruleApplies(rule, policy, config, facts) ? [{ namespace, name, rule: index }] : [],
    );
  });
}

function hasAction(policies: AuthorizationPolicy[], action: Action): boolean {
  return policies.some((policy) => actionOf(policy) === action);
}

function actionOf(policy: AuthorizationPolicy): Action {
  return policy.spec.action ?? "ALLOW";
}

function isDryRun({ metadata }: AuthorizationPolicy): boolean {
  return metadata.annotations?.["istio.io/dry-run"] === "true";
}
