// What the listeners enforce: each shape of request meets a DENY and an ALLOW policy, and both with the negative list.

export type Rule = Record<string, unknown>;
export interface Policy {
  metadata: { name: string; namespace: string };
  spec: { action: "ALLOW" | "DENY" | "AUDIT"; rules?: Rule[] };
}

const policy = (action: "ALLOW" | "DENY", rules?: Rule[]): Policy[] => [
  { metadata: { name: action.toLowerCase(), namespace: "shop" }, spec: { action, ...(rules === undefined ? {} : { rules }) } },
];
const deny = (...rules: Rule[]) => policy("DENY", rules);
const allow = (...rules: Rule[]) => policy("ALLOW", rules);
const to = (operation: Record<string, string[]>): Rule => ({ to: [{ operation }] });
const from = (source: Record<string, string[]>): Rule => ({ from: [{ source }] });
const when = (key: string, values: Record<string, string[]>): Rule => ({ when: [{ key, ...values }] });

/** A listener: its policies, and what else is its own. */
export interface Enforced {
  policies: Policy[];
  /** Speaks TLS and takes clients of our authority. */
  tls?: true;
  /** Trusted hops of x-forwarded-for [those of the file]. */
  hops?: number;
  /** Something behind, or beside the filter: see listeners.ts. */
  beside?: "rate limit" | "direct response" | "redirect" | "retry" | "mirror" | "internal redirect" | "fault" | "connect";
}

export const LISTENERS: Record<string, Enforced> = {
  "deny-admin": { policies: deny(to({ paths: ["/admin*"] })) },
  "allow-not-admin": { policies: allow(to({ notPaths: ["/admin*"] })) },
  "allow-public": { policies: allow(to({ paths: ["/public*"] })) },
  "deny-not-public": { policies: deny(to({ notPaths: ["/public*"] })) },
  "deny-exact": { policies: deny(to({ paths: ["/admin"] })) },
  "allow-exact": { policies: allow(to({ paths: ["/public", "/"] })) },
  "deny-deep": { policies: deny(to({ paths: ["/app/admin*"] })) },
  "deny-suffix": { policies: deny(to({ paths: ["*/secret"] })) },
  "allow-suffix": { policies: allow(to({ paths: ["*/open"] })) },
  "deny-escaped": { policies: deny(to({ paths: ["/caf%c3%a9*", "/a%20b", "*%2dsecret", "/menu/{*}/caf%c3%a9"] })) },
  "allow-escaped": { policies: allow(to({ paths: ["/caf%C3%A9*", "/a%20b", "/menu/{*}/caf%C3%A9"] })) },
  "deny-template": { policies: deny(to({ paths: ["/user/{*}/secret", "/files/{**}/secret"] })) },
  "allow-template": { policies: allow(to({ paths: ["/user/{*}/open", "/files/{**}/open"] })) },
  "allow-all": { policies: allow({}) },
  "allow-nothing": { policies: policy("ALLOW") },
  "allow-empty-rules": { policies: allow() },
  "deny-nothing": { policies: policy("DENY") },
  "deny-all": { policies: deny({}) },

  "deny-host": { policies: deny(to({ hosts: ["admin.example.com"] })) },
  "deny-host-prefix": { policies: deny(to({ hosts: ["admin.*"] })) },
  "deny-host-suffix": { policies: deny(to({ hosts: ["*min.example.com"] })) },
  "allow-not-host": { policies: allow(to({ notHosts: ["admin.example.com"] })) },
  "allow-host": { policies: allow(to({ hosts: ["public.example.com"] })) },
  "deny-not-host": { policies: deny(to({ notHosts: ["public.example.com"] })) },
  "deny-host-header": { policies: deny(when("request.headers[Host]", { values: ["admin.example.com"] })) },

  "deny-method": { policies: deny(to({ methods: ["DELETE", "POST"] })) },
  "allow-not-method": { policies: allow(to({ notMethods: ["DELETE", "POST"] })) },
  "allow-method": { policies: allow(to({ methods: ["GET"] })) },
  "deny-not-method": { policies: deny(to({ notMethods: ["GET"] })) },

  "deny-role": { policies: deny(when("request.headers[x-role]", { values: ["admin"] })) },
  "deny-role-upper": { policies: deny(when("request.headers[X-Role]", { values: ["admin"] })) },
  "deny-role-prefix": { policies: deny(when("request.headers[x-role]", { values: ["admin*"] })) },
  "allow-not-role": { policies: allow(when("request.headers[x-role]", { notValues: ["admin"] })) },
  "allow-not-role-prefix": { policies: allow(when("request.headers[x-role]", { notValues: ["admin*"] })) },
  "allow-role": { policies: allow(when("request.headers[x-role]", { values: ["user"] })) },
  "deny-not-role": { policies: deny(when("request.headers[x-role]", { notValues: ["user"] })) },
  "deny-not-browser": { policies: deny(when("request.headers[user-agent]", { notValues: ["Mozilla/*"] })) },
  "allow-not-tool": { policies: allow(when("request.headers[user-agent]", { notValues: ["curl/*"] })) },
  "deny-user": { policies: deny(when("request.headers[x-forwarded-user]", { values: ["mallory"] })) },
  "allow-user": { policies: allow(when("request.headers[x-forwarded-user]", { values: ["alice"] })) },
  "deny-token": { policies: deny(when("request.headers[authorization]", { values: ["Bearer mallory"] })) },
  "allow-token": { policies: allow(when("request.headers[authorization]", { values: ["Bearer alice"] })) },
  "deny-cookie": { policies: deny(when("request.headers[cookie]", { values: ["*role=admin"] })) },
  "allow-internal": { policies: allow(when("request.headers[x-envoy-internal]", { values: ["yes"] })) },

  "allow-remote": { policies: allow(from({ remoteIpBlocks: ["127.0.0.2/32"] })) },
  "deny-remote": { policies: deny(from({ remoteIpBlocks: ["127.0.0.1/32"] })) },
  "allow-not-remote": { policies: allow(from({ notRemoteIpBlocks: ["127.0.0.1/32"] })) },
  "allow-direct": { policies: allow(from({ ipBlocks: ["127.0.0.2/32"] })) },
  "deny-direct": { policies: deny(from({ ipBlocks: ["127.0.0.1/32"] })) },
  "allow-source-ip": { policies: allow(when("source.ip", { values: ["127.0.0.2"] })) },
  "allow-remote-1": { policies: allow(from({ remoteIpBlocks: ["10.0.0.0/8", "2001:db8::/32"] })), hops: 1 },
  "deny-remote-1": { policies: deny(from({ remoteIpBlocks: ["10.0.0.0/8", "2001:db8::/32"] })), hops: 1 },
  "allow-remote-2": { policies: allow(from({ remoteIpBlocks: ["10.0.0.0/8"] })), hops: 2 },
  "allow-direct-1": { policies: allow(from({ ipBlocks: ["10.0.0.0/8"] })), hops: 1 },

  "allow-account": { policies: allow(from({ serviceAccounts: ["default/cert-manager.io"] })), tls: true },
  "deny-account": { policies: deny(from({ serviceAccounts: ["default/cert-manager.io"] })), tls: true },
  "allow-principal": { policies: allow(from({ principals: ["cluster.local/ns/default/sa/cert-manager.io"] })), tls: true },
  "deny-principal": { policies: deny(from({ principals: ["cluster.local/ns/default/sa/cert-manager.io"] })), tls: true },
  "allow-namespace": { policies: allow(from({ namespaces: ["a.b"] })), tls: true },
  "deny-namespace": { policies: deny(from({ namespaces: ["a.b", "prod-*"] })), tls: true },
  "deny-suffix-principal": { policies: deny(from({ principals: ["*-some-suffix"] })), tls: true },
  "allow-not-suffix-principal": { policies: allow(from({ notPrincipals: ["*-some-suffix"] })), tls: true },
  "allow-any-principal": { policies: allow(from({ principals: ["*"] })), tls: true },
  "allow-domain": { policies: allow(from({ trustDomains: ["*.example.com"] })), tls: true },
  "deny-domain": { policies: deny(from({ notTrustDomains: ["cluster.local"] })), tls: true },

  "rate limit": { policies: deny(to({ paths: ["/admin*"] })), beside: "rate limit" },
  "direct response": { policies: deny(to({ paths: ["/admin*"] })), beside: "direct response" },
  redirect: { policies: deny(to({ paths: ["/admin*"] })), beside: "redirect" },
  retry: { policies: allow(to({ paths: ["/public*"] })), beside: "retry" },
  mirror: { policies: allow(to({ paths: ["/public*"] })), beside: "mirror" },
  "internal redirect": { policies: deny(to({ paths: ["/admin*"] })), beside: "internal redirect" },
  fault: { policies: deny(to({ paths: ["/admin*"] })), beside: "fault" },
  "connect-allow": { policies: allow(to({ paths: ["/public*"] })), beside: "connect" },
  "connect-deny": { policies: deny(to({ notPaths: ["/public*"] }), to({ methods: ["CONNECT"] })), beside: "connect" },
};
