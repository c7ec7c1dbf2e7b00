// Listeners of a real Envoy that know everything that policies ask about, and clients that can be anybody.

import { tlsInspector } from "../../../../harness/envoy/tls.ts";
import {
  type Authority,
  type ConfigObject,
  type FilterSpec,
  type Identity,
  createAuthority,
  httpListener,
} from "../../../../harness/index.ts";
import { type MetadataNames, metadataFilter } from "./metadata.ts";
import { type TokenIssuer, createTokenIssuer } from "./tokens.ts";

/** Who is who: one for all listeners of a test. */
export interface Mesh {
  /** What the listeners present. */
  server: Identity;
  /** All trust domains' roots. */
  trustBundle: string;
  /** The certificate of a SPIFFE ID of one of the trust domains. */
  identityOf(spiffeId: string): Promise<Identity>;
  tokens: TokenIssuer;
}

/** Makes an authority for each trust domain; the first is the listeners' own. */
export async function createMesh(trustDomains: readonly string[]): Promise<Mesh> {
  const authorities = new Map<string, Authority>();
  for (const trustDomain of trustDomains) authorities.set(trustDomain, await createAuthority({ trustDomain }));
  const issued = new Map<string, Promise<Identity>>();
  const authorityOf = (trustDomain = trustDomains[0] ?? ""): Authority => {
    const authority = authorities.get(trustDomain);
    if (authority === undefined) throw new Error(`no authority for the trust domain ${trustDomain}`);
    return authority;
  };
  return {
    server: await authorityOf().issue({ serviceAccount: "server" }),
    trustBundle: [...authorities.values()].map(({ trustBundle }) => trustBundle).join(""),
    identityOf: (spiffeId) => {
      const identity = issued.get(spiffeId) ?? authorityOf(spiffeId.split("/")[2]).issue({ spiffeId });
      issued.set(spiffeId, identity);
      return identity;
    },
    tokens: createTokenIssuer(),
  };
}

export interface AuthzListenerOptions {
  name: string;
  mesh: Mesh;
  /** Metadata that requests bring. */
  metadata: MetadataNames;
  /** Behind what they ask about, and in front of the router, which answers 200: `nativeRbac(config)`, or a module of ours. */
  filters: readonly FilterSpec[];
  /** Further fields of the access log, which is JSON on stdout: `envoy.accessLog()`. */
  accessLog?: Record<string, string>;
  /** Merged over the HttpConnectionManager [nothing]. */
  httpConnectionManager?: ConfigObject;
}

/**
 * A listener for `openEnvoy({ config: bootstrap({ listeners: [...] }) })` and for `sendFacts`.
 *
 * The PROXY protocol in front of TLS says where a connection went: so a test has any destination, and its policies can name ports before
 * Envoy has any. It does not say who the direct peer is: Envoy goes on to take that from the socket. Who is behind the proxies comes from
 * x-forwarded-for, of which one hop is trusted. Paths are left as they are: nothing normalizes them.
 */
export function authzListener({ name, mesh, metadata, filters, accessLog, httpConnectionManager }: AuthzListenerOptions): ConfigObject {
  return httpListener({
    name,
    tls: { identity: mesh.server, trust: mesh.trustBundle, clientCertificate: "optional" },
    filters: [mesh.tokens.filter, metadataFilter(metadata), ...filters],
    accessLog: { path: "/dev/stdout", fields: { number: "%REQ(X-NUMBER)%", ...accessLog } },
    httpConnectionManager: { use_remote_address: true, xff_num_trusted_hops: 1, ...httpConnectionManager },
    listener: { listener_filters: [proxyProtocol(), tlsInspector()] },
  });
}

function proxyProtocol(): ConfigObject {
  return {
    name: "envoy.filters.listener.proxy_protocol",
    typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol" },
  };
}
