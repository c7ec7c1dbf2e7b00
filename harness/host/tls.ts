import { X509Certificate } from "node:crypto";
import type { TlsSession } from "../client/types.ts";
import type { DownstreamTls } from "../envoy/types.ts";
import { type Identity, type Trust, bundleOf } from "../identities/types.ts";
import type { HostRequest } from "./types.ts";

/**
 * What becomes of a handshake, as between the harness's client and Envoy: each side verifies the other's chain and its dates by the real clock,
 * the listener also who the client is.
 * @returns why it fails, in OpenSSL's words, or the session
 */
export function handshake(server: DownstreamTls, request: HostRequest): string | TlsSession {
  const { identity, trust = server.identity, protocol } = request;
  if (!verifies(server.identity, trust)) return "unable to verify the first certificate";
  const refused = refusedClient(server, identity);
  if (refused !== undefined) return refused;
  return { version: "TLSv1.3", alpn: protocol === "h2" ? "h2" : "http/1.1", serverSha256: server.identity.sha256 };
}

function refusedClient(server: DownstreamTls, client: Identity | undefined): string | undefined {
  const { clientCertificate = "required", trust = server.identity, expectedSpiffeIds } = server;
  // Not asked for, not looked at.
  if (clientCertificate === "none") return undefined;
  if (!client) return clientCertificate === "required" ? "tls alert certificate required" : undefined;
  const now = new Date();
  if (client.notAfter < now) return "tls alert certificate expired";
  if (client.notBefore > now || !verifies(client, trust)) return "tls alert unknown ca";
  if (expectedSpiffeIds && !client.uriSans.some((id) => expectedSpiffeIds.includes(id))) return "tls alert certificate unknown";
  return undefined;
}

/** Whether a chain leads to one of the roots and is valid now. */
function verifies(identity: Identity, trust: Trust): boolean {
  const now = Date.now();
  return pathOf(identity, bundleOf(trust))?.every(({ from, to }) => from <= now && now <= to) ?? false;
}

interface Period {
  from: number;
  to: number;
}

/** Signatures do not change: by identity, then by roots. What is checked in each handshake are the dates. */
const paths = new WeakMap<Identity, Map<string, readonly Period[] | undefined>>();

/** When the certificates up to one of the roots are valid; undefined when there is no way to one. */
function pathOf(identity: Identity, roots: string): readonly Period[] | undefined {
  const known = paths.get(identity) ?? new Map<string, readonly Period[] | undefined>();
  paths.set(identity, known);
  if (!known.has(roots)) known.set(roots, findPath(certificatesIn(identity.chain), certificatesIn(roots)));
  return known.get(roots);
}

function findPath(chain: readonly X509Certificate[], roots: readonly X509Certificate[]): readonly Period[] | undefined {
  const path: Period[] = [];
  for (const [i, certificate] of chain.entries()) {
    path.push({ from: Date.parse(certificate.validFrom), to: Date.parse(certificate.validTo) });
    if (roots.some((root) => isIssuedBy(certificate, root))) return path;
    const next = chain[i + 1];
    if (!next || !isIssuedBy(certificate, next)) return undefined;
  }
  return undefined;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function certificatesIn(pem: string): X509Certificate[] {
  return (pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []).map((one) => new X509Certificate(one));
}
