// Trust domain aliases for the native filters: a second reading of Istio's bundle.go, apart from the evaluator's.
import type { AuthzConfig } from "./types.ts";

/** The trust domain and its aliases. */
export function trustDomainBundle(config: AuthzConfig): string[] {
  return [config.trustDomain ?? "cluster.local", ...(config.trustDomainAliases ?? [])];
}

/** Each principal of the bundle once for each of its trust domains; the others as they are. */
export function aliasesOfPrincipals(principals: readonly string[], bundle: readonly string[]): string[] {
  const all = new Set<string>();
  for (const principal of principals) {
    const parts = principal.split("/");
    const trustDomain = parts[0] ?? "";
    const isOurs = parts.length === 5 && trustDomain !== "*" && (trustDomain === "cluster.local" || inBundle(trustDomain, bundle));
    if (!isOurs) {
      all.add(principal);
      continue;
    }
    for (const alias of bundle) {
      // `*bar/ns/...` stays for the alias that it already means.
      const meant = trustDomain.startsWith("*") && alias.endsWith(trustDomain.substring(1));
      all.add(meant ? principal : `${alias}/${parts.slice(1).join("/")}`);
    }
  }
  return [...all];
}

function inBundle(trustDomain: string, bundle: readonly string[]): boolean {
  const stem = trustDomain.replace(/^\*|\*$/g, "");
  for (const alias of bundle) {
    if (alias === trustDomain || alias === "*") return true;
    if (trustDomain.startsWith("*") && alias.endsWith(stem)) return true;
    if (trustDomain.endsWith("*") && alias.startsWith(stem)) return true;
  }
  return false;
}

/** A trust domain that is in the bundle stands for the whole of it. */
export function aliasesOfTrustDomains(trustDomains: readonly string[], bundle: readonly string[]): string[] {
  return [...new Set(trustDomains.flatMap((one) => (bundle.includes(one) ? [...bundle] : [one])))];
}
