import type { AuthzConfig } from "../config.ts";

type Policies = NonNullable<AuthzConfig["policies"]>;
type Policy = Policies[number];
type Rule = NonNullable<NonNullable<Policy["spec"]>["rules"]>[number];

/** A policy of each kind that meshes have many of, about something that the request of the benchmark is not. */
const KINDS: readonly ((n: number) => { action: "ALLOW" | "DENY"; rule: Rule })[] = [
  (n) => ({ action: "ALLOW", rule: { to: [{ operation: { methods: ["GET"], paths: [`/service-${n}/*`] } }] } }),
  (n) => ({ action: "ALLOW", rule: { from: [{ source: { principals: [`cluster.local/ns/team-${n}/sa/web`] } }] } }),
  (n) => ({ action: "DENY", rule: { when: [{ key: "request.headers[x-tenant]", values: [`tenant-${n}`] }] } }),
  (n) => ({ action: "ALLOW", rule: { to: [{ operation: { hosts: [`service-${n}.example.com`, `*.service-${n}.example.com`] } }] } }),
  (n) => ({ action: "DENY", rule: { from: [{ source: { remoteIpBlocks: [`10.${n >> 8}.${n & 255}.0/24`] } }] } }),
  (n) => ({ action: "ALLOW", rule: { to: [{ operation: { paths: [`/users-${n}/{*}/orders`, `/users-${n}/{**}`] } }] } }),
  (n) => ({ action: "DENY", rule: { from: [{ source: { namespaces: [`banned-${n}`] } }] } }),
  (n) => ({
    action: "ALLOW",
    rule: { from: [{ source: { serviceAccounts: [`team-${n}/worker`] } }], to: [{ operation: { methods: ["GET"] } }] },
  }),
  (n) => ({ action: "DENY", rule: { when: [{ key: `request.headers[x-secret-${n}]`, values: ["*"] }] } }),
  (n) => ({ action: "ALLOW", rule: { from: [{ source: { requestPrincipals: [`https://issuer.example/user-${n}`] } }] } }),
  (n) => ({ action: "DENY", rule: { when: [{ key: "request.auth.claims[groups]", values: [`group-${n}`] }] } }),
];

/** So many policies, of all kinds in turn, one rule each; the last of them allows GET /wanted, and no other is about that. */
export function manyPolicies(count: number): AuthzConfig {
  const others = Array.from({ length: count - 1 }, (_, n) => {
    const { action, rule } = KINDS[n % KINDS.length]?.(n) ?? { action: "DENY" as const, rule: {} };
    return policy(`policy-${n}`, action, rule);
  });
  return { policies: [...others, policy("wanted", "ALLOW", { to: [{ operation: { methods: ["GET"], paths: ["/wanted"] } }] })] };
}

function policy(name: string, action: "ALLOW" | "DENY", rule: Rule): Policy {
  return { metadata: { name, namespace: "shop" }, spec: { action, rules: [rule] } };
}
