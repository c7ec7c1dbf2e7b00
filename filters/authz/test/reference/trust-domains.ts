// The trust domains of one mesh: who moves from one to another keeps the policies. After Istio's trustdomain/bundle.go.
import type { AuthzConfig } from "./types.ts";

/** The mesh's own trust domain, then its aliases. */
export function trustDomainsOf({ trustDomain = "cluster.local", trustDomainAliases = [] }: AuthzConfig): string[] {
  return [trustDomain, ...trustDomainAliases];
}

/** Principals of the mesh's trust domains are written out for each of these. `cluster.local` points to the mesh's own, whatever its name. */
export function withAliases(principals: readonly string[], mesh: readonly string[]): string[] {
  return principals.flatMap((principal) => {
    const [own = "", ...rest] = principal.split("/");
    // Not of the form trust-domain/ns/x/sa/y, or of any trust domain: nothing to migrate.
    if (rest.length !== 4 || own === "*") return [principal];
    const ours = own === "cluster.local" || mesh.some((trustDomain) => isMeant(own, trustDomain));
    if (!ours) return [principal];
    return mesh.map((trustDomain) => (hasSuffix(trustDomain, own) ? principal : [trustDomain, ...rest].join("/")));
  });
}

/** Trust domains that are exactly one of the mesh's stand for all of these; here `cluster.local` is a name like any other. */
export function trustDomainsWithAliases(values: readonly string[], mesh: readonly string[]): string[] {
  return values.flatMap((value) => (mesh.includes(value) ? mesh : [value]));
}

/** Stars are possible on both sides. */
function isMeant(one: string, other: string): boolean {
  return one === other || other === "*" || hasPrefix(one, other) || hasPrefix(other, one) || hasSuffix(one, other) || hasSuffix(other, one);
}

function hasPrefix(text: string, pattern: string): boolean {
  return pattern.endsWith("*") && text.startsWith(pattern.slice(0, -1));
}

function hasSuffix(text: string, pattern: string): boolean {
  return pattern.startsWith("*") && text.endsWith(pattern.slice(1));
}
