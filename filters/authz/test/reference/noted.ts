import type { Verdict } from "./evaluate.ts";

/** A verdict as the filter notes it in its filter state. */
export function noted({ allowed, by, audited, dryRun }: Verdict): string {
  const name = (rule: { namespace: string; name: string; rule: number } | undefined) =>
    rule ? `ns[${rule.namespace}]-policy[${rule.name}]-rule[${rule.rule}]` : "none";
  const policy = by || !allowed ? ` policy=${name(by)}` : "";
  const trial = dryRun.deny && !dryRun.deny.allowed ? dryRun.deny : dryRun.allow;
  return [
    `verdict=${allowed ? "allowed" : "denied"}${policy}`,
    ...audited.slice(0, 8).map((rule) => ` audit=${rule.replace(/^(.*)\/(.*)\[(\d+)\]$/, "ns[$1]-policy[$2]-rule[$3]")}`),
    ...(trial ? [` dry_run=${trial.allowed ? "allowed" : "denied"} dry_run_policy=${name(trial.by)}`] : []),
  ].join("");
}
