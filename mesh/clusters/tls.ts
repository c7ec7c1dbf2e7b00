import type { ConfigObject } from "../../harness/envoy/types.ts";
import type { ClientTls } from "../resources/types/index.ts";
import { fileName } from "./file-name.ts";

const TYPE = "type.googleapis.com/envoy.extensions.transport_sockets";

/** The names of a proxy's own certificate and of whom it believes, as Istio's proxies have them. */
export const SECRETS = { certificate: "default", roots: "ROOTCA" } as const;

/** A secret in a file that Envoy watches: relative to the proxy's folder, where each has its own. */
export function secret(name: string): ConfigObject {
  const source = { path_config_source: { path: secretPath(name) } };
  return { name, sds_config: { ...source, resource_api_version: "V3" } };
}

export const secretPath = (name: string) => `./secrets/${fileName(name)}.json`;

const PARAMS = { tls_minimum_protocol_version: "TLSv1_2", tls_maximum_protocol_version: "TLSv1_3" };

/** What a cluster of the mesh speaks: with an endpoint that has a proxy mutual TLS, with another nothing. */
export function autoMtls(socket: ConfigObject): ConfigObject {
  return {
    transport_socket_matches: [
      { name: "tlsMode-istio", match: { tlsMode: "istio" }, transport_socket: socket },
      { name: "tlsMode-disabled", match: {}, transport_socket: rawBuffer() },
    ],
  };
}

export const rawBuffer = (): ConfigObject => ({
  name: "envoy.transport_sockets.raw_buffer",
  typed_config: { "@type": `${TYPE}.raw_buffer.v3.RawBuffer` },
});

/**
 * Mutual TLS with the mesh's own certificates.
 * @param sans Who may answer, as SPIFFE IDs; none is whoever the mesh knows.
 */
export function istioMutual({ sni, sans, http2 }: { sni: string; sans: readonly string[]; http2: boolean }): ConfigObject {
  return upstream({
    sni,
    common_tls_context: {
      tls_params: PARAMS,
      alpn_protocols: http2 ? ["istio", "h2"] : ["istio"],
      tls_certificate_sds_secret_configs: [secret(SECRETS.certificate)],
      combined_validation_context: {
        default_validation_context: sanMatchers(sans),
        validation_context_sds_secret_config: secret(SECRETS.roots),
      },
    },
  });
}

/** SIMPLE and MUTUAL: TLS to somebody outside, with files that the rule names. */
export function userTls(tls: ClientTls, sans: readonly string[], http2: boolean): ConfigObject {
  const { clientCertificate, privateKey, caCertificates, caCrl, insecureSkipVerify } = tls;
  const own = tls.mode === "MUTUAL" && clientCertificate && privateKey;
  // https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings: without a CA, the system's.
  const roots = caCertificates && caCertificates !== "system" ? { trusted_ca: { filename: caCertificates } } : { system_root_certs: {} };
  const crl = caCrl ? { crl: { filename: caCrl } } : {};
  return upstream({
    ...(tls.sni ? { sni: tls.sni } : {}),
    common_tls_context: {
      tls_params: PARAMS,
      ...(http2 ? { alpn_protocols: ["h2"] } : {}),
      ...(own ? { tls_certificates: [{ certificate_chain: { filename: clientCertificate }, private_key: { filename: privateKey } }] } : {}),
      ...(insecureSkipVerify ? {} : { validation_context: { ...roots, ...crl, ...sanMatchers(sans, ["URI", "DNS"]) } }),
    },
  });
}

/** Without a server name, the request's own host; and then that is whom the certificate must be of. */
export function autoSni({ sni, subjectAltNames, insecureSkipVerify }: ClientTls): ConfigObject {
  const auto = !sni;
  const validate = auto && !subjectAltNames?.length && !insecureSkipVerify;
  return { ...(auto ? { auto_sni: true } : {}), ...(validate ? { auto_san_validation: true } : {}) };
}

function upstream(context: ConfigObject): ConfigObject {
  return { name: "envoy.transport_sockets.tls", typed_config: { "@type": `${TYPE}.tls.v3.UpstreamTlsContext`, ...context } };
}

function sanMatchers(sans: readonly string[], types: readonly string[] = ["URI"]): ConfigObject {
  if (sans.length === 0) return {};
  return { match_typed_subject_alt_names: sans.flatMap((exact) => types.map((san_type) => ({ san_type, matcher: { exact } }))) };
}
