import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { type Identity, type Trust, bundleOf } from "../identities/types.ts";
import type { ConfigObject, DownstreamTls, UpstreamTls } from "./types.ts";

const TYPE = "type.googleapis.com/envoy.extensions";
const TLS = "envoy.transport_sockets.tls";

/**
 * The `transport_socket` of a filter chain that speaks TLS, 1.2 or newer. Certificate and key are inside: Envoy hides keys in its config
 * dump, and a new certificate is an update of the listener, without a file to watch.
 *
 * @throws MeshscriptError MS0407 for options that would have no effect.
 * @example
 * { filters, transport_socket: downstreamTls({ identity: reviews, clientCertificate: "required" }) }
 */
export function downstreamTls({ identity, trust, clientCertificate = "required", expectedSpiffeIds, alpn }: DownstreamTls): ConfigObject {
  if (clientCertificate === "none" && (trust !== undefined || expectedSpiffeIds !== undefined)) {
    throw new MeshscriptError(
      diagnostic("MS0407", "clientCertificate `none` asks no client for one: trust and expectedSpiffeIds have no effect"),
    );
  }
  return {
    name: TLS,
    typed_config: {
      "@type": `${TYPE}.transport_sockets.tls.v3.DownstreamTlsContext`,
      require_client_certificate: clientCertificate === "required",
      common_tls_context: {
        ...common(identity, alpn ?? ["h2", "http/1.1"]),
        // With a validation context Envoy asks for a certificate; without one it does not.
        ...(clientCertificate === "none" ? {} : validation(trust ?? identity, expectedSpiffeIds)),
      },
    },
  };
}

/**
 * The `transport_socket` of a cluster that speaks TLS, 1.2 or newer.
 *
 * @param alpn What to offer: an upstream that picks HTTP/2 must be a cluster with HTTP/2 options [http/1.1].
 * @throws MeshscriptError MS0407 when neither an identity nor `trust` says whom to believe: Envoy would believe everybody.
 * @example
 * { name: "reviews", transport_socket: upstreamTls({ identity: productpage, expectedSpiffeIds: [reviews.spiffeId] }) }
 */
export function upstreamTls(
  { identity, trust, sni, expectedSpiffeIds }: UpstreamTls,
  alpn: readonly string[] = ["http/1.1"],
): ConfigObject {
  const roots = trust ?? identity;
  if (roots === undefined)
    throw new MeshscriptError(diagnostic("MS0407", "TLS to an upstream needs an identity or `trust`: whom to believe"));
  return {
    name: TLS,
    typed_config: {
      "@type": `${TYPE}.transport_sockets.tls.v3.UpstreamTlsContext`,
      ...(sni === undefined ? {} : { sni }),
      common_tls_context: { ...common(identity, alpn), ...validation(roots, expectedSpiffeIds) },
    },
  };
}

/** The listener filter that reads a ClientHello: by it Envoy knows the server name before it chooses a filter chain. */
export function tlsInspector(): ConfigObject {
  return {
    name: "envoy.filters.listener.tls_inspector",
    typed_config: { "@type": `${TYPE}.filters.listener.tls_inspector.v3.TlsInspector` },
  };
}

/** Whether all chains of a listener speak TLS, so that a plain client cannot get anywhere. */
export function speaksTls(listener: ConfigObject): boolean {
  const chains = listener["filter_chains"];
  return (
    Array.isArray(chains) &&
    chains.length > 0 &&
    chains.every((chain: ConfigObject) => JSON.stringify(chain["transport_socket"] ?? null).includes("DownstreamTlsContext"))
  );
}

function common(identity: Identity | undefined, alpn: readonly string[]): ConfigObject {
  return {
    // For clients, too, whose lowest is 1.2 anyway: the same words for both.
    tls_params: { tls_minimum_protocol_version: "TLSv1_2" },
    alpn_protocols: [...alpn],
    ...(identity ? { tls_certificates: [{ certificate_chain: inline(identity.chain), private_key: inline(identity.privateKey) }] } : {}),
  };
}

/** Several IDs are alternatives. */
function validation(trust: Trust, spiffeIds: readonly string[] | undefined): ConfigObject {
  // To Envoy an empty list is no list.
  if (spiffeIds?.length === 0) throw new MeshscriptError(diagnostic("MS0407", "expectedSpiffeIds is empty: that would let anybody in"));
  const matchers = spiffeIds?.map((exact) => ({ san_type: "URI", matcher: { exact } }));
  return {
    validation_context: { trusted_ca: inline(bundleOf(trust)), ...(matchers ? { match_typed_subject_alt_names: matchers } : {}) },
  };
}

const inline = (text: string): ConfigObject => ({ inline_string: text });
