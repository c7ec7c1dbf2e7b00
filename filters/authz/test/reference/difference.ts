// Whether Envoy's own filters and the evaluator say the same of a request.
import type { Said } from "./ask.ts";
import { evaluate } from "./evaluate.ts";
import { nativeRuleName } from "./native.ts";
import type { AuthzConfig, RequestFacts } from "./types.ts";

/** A name that a condition asks about comes twice: by design, we and Envoy differ about these. */
export function hasRepeatedHeader({ config, facts }: { config: AuthzConfig; facts: RequestFacts }): boolean {
  const asked = config.policies
    .flatMap(({ spec }) => spec.rules ?? [])
    .flatMap(({ when = [] }) => when)
    .flatMap(({ key }) => /^request\.headers\[(.*)\]$/.exec(key)?.[1]?.toLowerCase() ?? []);
  const names = facts.headers.map(([name]) => name.toLowerCase());
  return names.some((name, i) => asked.includes(name) && names.indexOf(name) !== i);
}

/** What Envoy says otherwise than the evaluator; undefined when they agree. */
export function difference(said: Said): string | undefined {
  const { config, facts, status, log } = said;
  const verdict = evaluate(config, facts);
  const details = String(log?.["details"]);
  const named = /matched_policy\[(.*)\]$/.exec(details)?.[1];
  const audited = config.policies.some(
    ({ spec, metadata }) => spec.action === "AUDIT" && metadata.annotations?.["istio.io/dry-run"] !== "true",
  );
  const differs =
    (status !== (verdict.allowed ? 200 : 403) && "verdict") ||
    (named !== undefined && named !== "none" && !ruleDenies(config, facts, named) && "rule that denied") ||
    (named === "none" && verdict.by !== undefined && "no rule that denied") ||
    (audited && log?.["audited"] !== verdict.audited.length > 0 && "audit") ||
    (log?.["dryRunDeny"] !== shadow(verdict.dryRun.deny) && "dry run of DENY") ||
    // A request that a DENY rule ends does not come to the filter of the ALLOW rules.
    ((named ?? "none") === "none" && log?.["dryRunAllow"] !== shadow(verdict.dryRun.allow) && "dry run of ALLOW");
  return differs ? `${differs}: ${JSON.stringify({ ...said, verdict }, null, 1)}` : undefined;
}

function shadow(dryRun: { allowed: boolean } | undefined): string | undefined {
  return dryRun && (dryRun.allowed ? "allowed" : "denied");
}

/** Envoy names the first by name, we the first by order: so the one that it names is evaluated alone. */
function ruleDenies(config: AuthzConfig, facts: RequestFacts, named: string): boolean {
  const policies = config.policies.flatMap((policy) =>
    (policy.spec.rules ?? []).flatMap((rule, i) =>
      nativeRuleName(policy.metadata.namespace, policy.metadata.name, i) === named
        ? [{ ...policy, spec: { ...policy.spec, rules: [rule] } }]
        : [],
    ),
  );
  return policies.length === 1 && evaluate({ ...config, policies }, facts).by !== undefined;
}
