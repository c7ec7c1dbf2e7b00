import type { ConfigObject } from "../../../harness/envoy/types.ts";
import { SECRETS, secret } from "../../clusters/tls.ts";
import type { Mesh } from "../../model/mesh.ts";
import type { Workload } from "../../model/workloads.ts";
import type { ServerTls } from "../../resources/types/index.ts";
import { type Server, serverNames, speaksTls } from "./servers.ts";

const TYPE = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
const ROOTS = "-cacert";

/** A certificate, or whom to believe, that a gateway's proxy is given under a name. */
export interface Credential {
  /** `kubernetes://bookinfo-certificate`, as in the configuration. */
  readonly name: string;
  readonly kind: "certificate" | "roots";
  /** What the Secret says, PEM; undefined where there is none, or none that says it. */
  readonly pem?: { readonly chain: string; readonly privateKey: string } | { readonly roots: string };
  /** `namespace/name` of the Secret. */
  readonly secret: string;
  /** For whom the certificate would have to be. */
  readonly hosts: readonly string[];
}

/** What a server's TLS needs from Secrets. */
export function credentialsOf(server: Server, { namespace }: Workload, mesh: Mesh): Credential[] {
  const { tls, hosts } = server;
  if (tls === undefined || !speaksTls(server) || tls.mode === "ISTIO_MUTUAL") return [];
  const shared = { hosts: serverNames(hosts).server_names ?? [] };
  const certificates = namesIn(tls).map((name): Credential => {
    const place = secretOf(name, namespace);
    const found = mesh.secret(place);
    return {
      ...shared,
      name,
      kind: "certificate",
      secret: place,
      ...(found?.certificate ? { pem: found.certificate } : {}),
    };
  });
  const [roots] = validates(tls) ? rootsIn(tls) : [];
  if (roots === undefined) return certificates;
  const place = secretOf(roots, namespace);
  // Beside the certificate, or in a Secret of its own.
  const text = (mesh.secret(place) ?? mesh.secret(place.slice(0, -ROOTS.length)))?.roots;
  return [...certificates, { ...shared, name: roots, kind: "roots", secret: place, ...(text ? { pem: { roots: text } } : {}) }];
}

/** Envoy's names of the Secrets of a server's certificates: up to two, for keys of different kinds. */
function namesIn({ credentialNames, credentialName }: ServerTls): string[] {
  return (credentialNames ?? (credentialName ? [credentialName] : [])).map(inFull);
}

function rootsIn(tls: ServerTls): string[] {
  const own = tls.caCertCredentialName ? [inFull(tls.caCertCredentialName)] : [];
  return [...own, ...namesIn(tls).map((name) => `${name}${ROOTS}`)];
}

const inFull = (name: string) => (name.includes("://") ? name : `kubernetes://${name}`);

/** `kubernetes://name` is of the proxy's own namespace, `kubernetes-gateway://namespace/name` says its. */
function secretOf(name: string, namespace: string): string {
  const rest = name.slice(name.indexOf("://") + 3);
  return rest.includes("/") ? rest : `${namespace}/${rest}`;
}

const validates = ({ mode }: ServerTls) => mode === "MUTUAL" || mode === "OPTIONAL_MUTUAL" || mode === "ISTIO_MUTUAL";

/** Envoy's `transport_socket` of a server that ends TLS. https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings */
export function downstreamTls({ tls = {} }: Pick<Server, "tls">): ConfigObject {
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": TYPE,
      require_client_certificate: tls.mode === "MUTUAL" || tls.mode === "ISTIO_MUTUAL",
      common_tls_context: { alpn_protocols: ["h2", "http/1.1"], ...parameters(tls), ...certificates(tls), ...validation(tls) },
    },
  };
}

function parameters({ mode, minProtocolVersion, maxProtocolVersion, cipherSuites }: ServerTls): ConfigObject {
  // Istio heeds them where it has no certificates of its own.
  if (mode === "ISTIO_MUTUAL") return {};
  const version = (name: string | undefined) => (name && name !== "TLS_AUTO" ? name.replace("TLSV", "TLSv") : undefined);
  const params = {
    tls_minimum_protocol_version: version(minProtocolVersion),
    tls_maximum_protocol_version: version(maxProtocolVersion),
    cipher_suites: cipherSuites?.length ? cipherSuites : undefined,
  };
  const said = Object.entries(params).filter(([, value]) => value !== undefined);
  return said.length > 0 ? { tls_params: Object.fromEntries(said) } : {};
}

function certificates(tls: ServerTls): ConfigObject {
  if (tls.mode === "ISTIO_MUTUAL") return { tls_certificate_sds_secret_configs: [secret(SECRETS.certificate)] };
  const names = namesIn(tls);
  if (names.length > 0) return { tls_certificate_sds_secret_configs: names.map(secret) };
  const files = tls.tlsCertificates ?? [{ serverCertificate: tls.serverCertificate, privateKey: tls.privateKey }];
  return {
    tls_certificates: files.map(({ serverCertificate, privateKey }) => ({
      certificate_chain: { filename: serverCertificate },
      private_key: { filename: privateKey },
    })),
  };
}

function validation(tls: ServerTls): ConfigObject {
  const { subjectAltNames = [], verifyCertificateHash, verifyCertificateSpki, insecureSkipVerify, caCertificates, caCrl } = tls;
  const sans = subjectAltNames.length > 0 ? { match_typed_subject_alt_names: subjectAltNames.flatMap(sanMatchers) } : {};
  const checks = {
    ...sans,
    ...(verifyCertificateSpki?.length ? { verify_certificate_spki: verifyCertificateSpki } : {}),
    ...(verifyCertificateHash?.length ? { verify_certificate_hash: verifyCertificateHash } : {}),
    ...(insecureSkipVerify ? { trust_chain_verification: "ACCEPT_UNTRUSTED" } : {}),
  };
  if (!validates(tls)) return Object.keys(sans).length > 0 ? { validation_context: sans } : {};
  const [named] = tls.mode === "ISTIO_MUTUAL" ? [SECRETS.roots] : rootsIn(tls);
  if (named !== undefined) {
    return { combined_validation_context: { default_validation_context: checks, validation_context_sds_secret_config: secret(named) } };
  }
  const crl = caCrl ? { crl: { filename: caCrl } } : {};
  return { validation_context: { ...checks, trusted_ca: { filename: caCertificates }, ...crl } };
}

const sanMatchers = (exact: string) => ["URI", "DNS"].map((san_type) => ({ san_type, matcher: { exact } }));
