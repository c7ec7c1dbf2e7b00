/** An AuthorizationPolicy of Istio (security.istio.io/v1): the fields that a filter for HTTP evaluates. */
export interface AuthorizationPolicy {
  apiVersion?: string;
  kind?: string;
  metadata: { name: string; namespace: string; annotations?: Record<string, string> };
  spec: { action?: Action; rules?: Rule[] };
}

export type Action = "ALLOW" | "DENY" | "AUDIT";

/** Any of `from`, any of `to`, all of `when`; what is left out holds. */
export interface Rule {
  from?: { source: Source }[];
  to?: { operation: Operation }[];
  when?: Condition[];
}

/** Fields are ANDed, values of a field ORed; a list that is empty is a list that is left out. */
export interface Source {
  principals?: string[];
  notPrincipals?: string[];
  requestPrincipals?: string[];
  notRequestPrincipals?: string[];
  namespaces?: string[];
  notNamespaces?: string[];
  serviceAccounts?: string[];
  notServiceAccounts?: string[];
  ipBlocks?: string[];
  notIpBlocks?: string[];
  remoteIpBlocks?: string[];
  notRemoteIpBlocks?: string[];
  trustDomains?: string[];
  notTrustDomains?: string[];
}

export interface Operation {
  hosts?: string[];
  notHosts?: string[];
  ports?: string[];
  notPorts?: string[];
  methods?: string[];
  notMethods?: string[];
  paths?: string[];
  notPaths?: string[];
}

export interface Condition {
  key: string;
  values?: string[];
  notValues?: string[];
}

/** What a listener enforces. */
export interface AuthzConfig {
  policies: AuthorizationPolicy[];
  /** [cluster.local] */
  trustDomain?: string;
  /** [none] */
  trustDomainAliases?: string[];
  /** Where no enforced ALLOW policy exists [allow]. */
  defaultAction?: "allow" | "deny";
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type JsonObject = { [key: string]: Json };

/**
 * All that a policy can ask about a request. What comes from the wire (method, path, authority, header values) is one character per byte; what
 * comes from JSON (claims, metadata) is text, which is UTF-8 to Envoy.
 */
export interface RequestFacts {
  method: string;
  /** With the query. */
  path: string;
  authority: string;
  /** In order, repeated names kept apart. */
  headers: [name: string, value: string][];
  /** Of the verified peer certificate. */
  spiffeId?: string;
  /** Lower-case, as Envoy keeps it. */
  sni?: string;
  /** Who opened the connection: `ipBlocks` and `source.ip`. */
  directPeer: string;
  /** Who is behind the trusted proxies: `remoteIpBlocks` and `remote.ip`. */
  client: string;
  destination: { ip: string; port: number };
  /** The claims of a verified JWT: dynamic metadata `envoy.filters.http.jwt_authn`, key `payload`. */
  payload?: JsonObject;
  /** Other dynamic metadata by namespace. */
  metadata?: Record<string, JsonObject>;
}
