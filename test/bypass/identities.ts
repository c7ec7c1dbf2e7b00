import { type Authority, type Identity, createAuthority } from "../../harness/index.ts";

/** Who asks over TLS, by the names that cases use. What no honest authority would issue is issued here. */
const LEAVES: Record<string, { uriSans: string[]; dnsSans?: string[] }> = {
  "cert-manager.io": { uriSans: ["spiffe://cluster.local/ns/default/sa/cert-manager.io"] },
  "cert-managerXio": { uriSans: ["spiffe://cluster.local/ns/default/sa/cert-managerXio"] },
  "cert-manager.iox": { uriSans: ["spiffe://cluster.local/ns/default/sa/cert-manager.iox"] },
  "cert-manager-io": { uriSans: ["spiffe://cluster.local/ns/default/sa/cert-manager-io"] },
  "x.cert-manager.io": { uriSans: ["spiffe://cluster.local/ns/default/sa/x.cert-manager.io"] },
  "CERT-MANAGER.IO": { uriSans: ["spiffe://cluster.local/ns/default/sa/CERT-MANAGER.IO"] },
  "other-namespace": { uriSans: ["spiffe://cluster.local/ns/other/sa/cert-manager.io"] },
  "other-domain": { uriSans: ["spiffe://evil.local/ns/default/sa/cert-manager.io"] },
  "a.b": { uriSans: ["spiffe://cluster.local/ns/a.b/sa/web"] },
  aXb: { uriSans: ["spiffe://cluster.local/ns/aXb/sa/web"] },
  "a.b.c": { uriSans: ["spiffe://cluster.local/ns/a.b.c/sa/web"] },
  "prod-eu": { uriSans: ["spiffe://cluster.local/ns/prod-eu/sa/web"] },
  preprod: { uriSans: ["spiffe://cluster.local/ns/preprod/sa/web"] },
  "job-some-suffix": { uriSans: ["spiffe://cluster.local/ns/default/sa/job-some-suffix"] },
  "job-some-suffix-other": { uriSans: ["spiffe://cluster.local/ns/default/sa/job-some-suffix-other"] },
  "-some-suffix": { uriSans: ["spiffe://cluster.local/ns/default/sa/-some-suffix"] },
  "dns-only": { uriSans: [], dnsSans: ["cert-manager.io"] },
  "dns-wildcard": { uriSans: ["spiffe://cluster.local/ns/other/sa/web"], dnsSans: ["*.example.com", "a.b.example.com"] },
  "nested-domain": { uriSans: ["spiffe://a.b.example.com/ns/default/sa/web"] },
  "one-domain": { uriSans: ["spiffe://a.example.com/ns/default/sa/web"] },
  "no-domain": { uriSans: ["spiffe://exampleXcom/ns/default/sa/web"] },
  "domain-in-path": { uriSans: ["spiffe://evil.local/a.example.com/ns/default/sa/web"] },
  star: { uriSans: ["spiffe://cluster.local/ns/*/sa/*"] },
  nul: { uriSans: ["spiffe://cluster.local/ns/default/sa/cert-manager.io\0x"] },
  "nul-domain": { uriSans: ["spiffe://evil.local\0.example.com/ns/default/sa/web"] },
  "no-spiffe": { uriSans: ["https://cluster.local/ns/default/sa/cert-manager.io"] },
  "spiffe-upper": { uriSans: ["SPIFFE://cluster.local/ns/default/sa/cert-manager.io"] },
};

export interface Identities {
  of(name: string): Identity;
  authority: Authority;
  server: Identity;
}

export async function makeIdentities(): Promise<Identities> {
  const authority = await createAuthority();
  const made = new Map<string, Identity>();
  for (const [name, { uriSans, dnsSans = [] }] of Object.entries(LEAVES)) made.set(name, await authority.issue({ uriSans, dnsSans }));
  return {
    authority,
    server: await authority.issue({ serviceAccount: "server" }),
    of: (name) => {
      const identity = made.get(name);
      if (identity === undefined) throw new Error(`no identity ${name}`);
      return identity;
    },
  };
}
