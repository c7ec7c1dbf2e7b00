import { JsonObject } from "proxy-wasm-assemblyscript-sdk";

const LOCAL = "cluster.local";
/** Of `TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT`. */
const PARTS: i32 = 5;

/** The mesh's own trust domain, and the others that mean it: after a migration, workloads of both are the same (Istio's MeshConfig). */
export class TrustDomains {
  constructor(private names: string[]) {}

  /** What a policy's principal stands for: the same in each trust domain, where its own is the mesh's; else itself. */
  principals(principal: string): string[] {
    const parts = principal.split("/");
    const own = parts[0];
    if (parts.length != PARTS || own == "*" || !(own == LOCAL || this.includes(own))) return [principal];
    const rest = principal.substring(own.length);
    const all: string[] = [];
    for (let i = 0; i < this.names.length; i++) {
      const one = hasSuffix(this.names[i], own) ? principal : this.names[i] + rest;
      if (!all.includes(one)) all.push(one);
    }
    return all;
  }

  /** What a policy's trust domain stands for. */
  domains(domain: string): string[] {
    return this.names.includes(domain) ? this.names : [domain];
  }

  /** Either may have the `*`. */
  private includes(domain: string): bool {
    for (let i = 0; i < this.names.length; i++) {
      const name = this.names[i];
      if (name == domain || name == "*" || hasPrefix(domain, name) || hasPrefix(name, domain)) return true;
      if (hasSuffix(domain, name) || hasSuffix(name, domain)) return true;
    }
    return false;
  }
}

/** `a*` */
function hasPrefix(text: string, pattern: string): bool {
  return pattern.endsWith("*") && text.startsWith(pattern.substring(0, pattern.length - 1));
}

/** `*a` */
function hasSuffix(text: string, pattern: string): bool {
  return pattern.startsWith("*") && text.endsWith(pattern.substring(1));
}

export function readTrustDomains(json: JsonObject): TrustDomains {
  const names = [json.string("trustDomain", LOCAL)];
  if (!isTrustDomain(names[0])) json.problem("trustDomain", "must be a trust domain, as cluster.local");
  const aliases = json.array("trustDomainAliases");
  for (let i = 0; i < aliases.length; i++) {
    const alias = aliases.string(i);
    if (!isTrustDomain(alias)) aliases.problem(i, "must be a trust domain, as cluster.local");
    if (!names.includes(alias)) names.push(alias);
  }
  return new TrustDomains(names);
}

function isTrustDomain(name: string): bool {
  return name.length > 0 && !name.includes("/");
}
