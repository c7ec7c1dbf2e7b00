import type { ConnectionOptions, TLSSocket } from "node:tls";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { bundleOf } from "../identities/types.ts";
import type { HttpRequest, TlsSession } from "./types.ts";

/** Whether a request goes over TLS. */
export function usesTls({ identity, trust, serverName }: HttpRequest): boolean {
  return identity !== undefined || trust !== undefined || serverName !== undefined;
}

/** @throws MeshscriptError MS0407 for `h2` without TLS or `h2c` with it. */
export function checkProtocol(request: HttpRequest): void {
  const { protocol } = request;
  if (protocol === "h2" && !usesTls(request)) {
    throw new MeshscriptError(diagnostic("MS0407", "h2 is HTTP/2 over TLS: give an identity or `trust`, or say h2c"));
  }
  if (protocol === "h2c" && usesTls(request)) {
    throw new MeshscriptError(diagnostic("MS0407", "h2c is HTTP/2 without TLS: with an identity, trust or serverName say h2"));
  }
}

/** What node:tls needs for a request; undefined for a plain one. */
export function tlsOptions(request: HttpRequest): ConnectionOptions | undefined {
  if (!usesTls(request)) return undefined;
  const { identity, serverName, protocol } = request;
  const trust = request.trust ?? identity;
  return {
    ...(identity ? { cert: identity.chain, key: identity.privateKey } : {}),
    // Never the system's roots: a test must not depend on them.
    ca: trust === undefined ? [] : bundleOf(trust),
    // Only the chain: see `trust` of HttpRequest.
    checkServerIdentity: () => undefined,
    ...(serverName === undefined ? {} : { servername: serverName }),
    ALPNProtocols: [protocol === "h2" ? "h2" : "http/1.1"],
    minVersion: "TLSv1.2",
  };
}

export function sessionOf(socket: TLSSocket): TlsSession {
  return {
    version: socket.getProtocol() ?? "",
    alpn: typeof socket.alpnProtocol === "string" ? socket.alpnProtocol : undefined,
    serverSha256: (socket.getPeerCertificate().fingerprint256 ?? "").replaceAll(":", "").toLowerCase(),
  };
}

/** Of an error of TLS, OpenSSL's reason without its place in the source: `tlsv1 alert unknown ca`. */
export function reasonOf(error: Error): string {
  const reason = "reason" in error ? error.reason : undefined;
  return typeof reason === "string" ? reason : error.message;
}
