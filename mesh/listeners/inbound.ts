import { socketAddress } from "../../harness/envoy/builders.ts";
import { tlsInspector } from "../../harness/envoy/tls.ts";
import type { ConfigObject } from "../../harness/envoy/types.ts";
import { fileName } from "../clusters/file-name.ts";
import { SECRETS, secret } from "../clusters/tls.ts";
import { connectionPool, httpOptions } from "../clusters/traffic-policy.ts";
import { inboundCluster } from "../model/cluster-names.ts";
import { TRUST_DOMAIN } from "../model/mesh.ts";
import type { MtlsMode } from "../model/peer-authentication.ts";
import { type Port, isHttp, isHttp2 } from "../model/ports.ts";
import type { Service } from "../model/services.ts";
import { routeConfiguration } from "../routes/virtual-hosts.ts";
import { type HttpChain, SIDECAR_INBOUND, httpManager } from "./http.ts";
import { tcpProxy } from "./tcp.ts";

/** A port of a workload, as a service sees it. */
export interface InboundPort {
  /** Where the application listens. */
  readonly target: number;
  readonly port: Port;
  readonly service: Service;
}

/** The name of the listener in front of a port. */
export const inboundListenerName = (target: number) => `virtualInbound_${target}`;

/**
 * The listener in front of an application's port. Istio has one for all ports, told apart by the port that iptables took the connection from;
 * without that each port has its own. Its chains are Istio's: mutual TLS for proxies of the mesh, plain for the others, each where it is allowed.
 */
export function inboundListener(
  { target, port, service }: InboundPort,
  mode: MtlsMode,
  chain: Omit<HttpChain, "statPrefix" | "trust">,
): ConfigObject {
  const filters = isHttp(port)
    ? [
        httpManager(
          { route_config: routes(target, port, service) },
          { ...chain, statPrefix: `inbound_0.0.0.0_${target};`, trust: SIDECAR_INBOUND },
        ),
      ]
    : [tcpProxy(inboundCluster(target), inboundCluster(target))];
  const name = `0.0.0.0_${target}`;
  const secure = {
    filter_chain_match: { transport_protocol: "tls", ...(mode === "STRICT" ? {} : { application_protocols: ["istio"] }) },
    filters,
    transport_socket: downstream(isHttp(port)),
    name,
  };
  const plain = { filter_chain_match: { transport_protocol: "raw_buffer" }, filters, name };
  // TLS that is not of the mesh is the application's own matter.
  const passed = {
    filter_chain_match: { transport_protocol: "tls" },
    filters: [tcpProxy(inboundCluster(target), inboundCluster(target))],
    name,
  };
  const chains = mode === "STRICT" ? [secure] : mode === "DISABLE" ? [{ filters, name }] : [secure, plain, passed];
  return {
    name: inboundListenerName(target),
    address: socketAddress(),
    ...(mode === "DISABLE" ? {} : { listener_filters: [tlsInspector()] }),
    filter_chains: chains,
    traffic_direction: "INBOUND",
  };
}

function routes(target: number, { number, protocol }: Port, { host }: Service): ConfigObject {
  const retry =
    protocol === "grpc" || protocol === "grpc-web" ? {} : { retry_policy: { retry_on: "reset-before-request", num_retries: 2 } };
  const route = {
    name: "default",
    match: { prefix: "/" },
    route: {
      cluster: inboundCluster(target),
      timeout: "0s",
      ...retry,
      max_stream_duration: { max_stream_duration: "0s", grpc_timeout_header_max: "0s" },
    },
    decorator: { operation: `${host}:${number}/*` },
  };
  const { name, virtual_hosts, validate_clusters } = routeConfiguration(inboundCluster(target), [
    { name: `inbound|http|${number}`, domains: ["*"], routes: [route] },
  ]);
  return { name, virtual_hosts, validate_clusters };
}

/** The application itself. Where it listens is said by a file of the proxy's own, for it may be found only when it runs. */
export function inboundClusterOf({ target, port, service: { host, namespace, resource } }: InboundPort): ConfigObject {
  const name = inboundCluster(target);
  const http = isHttp2(port) ? httpOptions(port) : undefined;
  const type = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const services = [{ host, name: resource.name, namespace }];
  return {
    name,
    alt_stat_name: `${name};`,
    type: "EDS",
    eds_cluster_config: {
      eds_config: { path_config_source: { path: inboundEndpointsPath(target) }, resource_api_version: "V3" },
      service_name: name,
    },
    ...connectionPool(undefined, undefined),
    ...(http ? { typed_extension_protocol_options: { [type]: { "@type": `type.googleapis.com/${type}`, ...http } } } : {}),
    metadata: { filter_metadata: { istio: { services } } },
  };
}

export const inboundEndpointsPath = (target: number) => `./endpoints/${fileName(inboundCluster(target))}.json`;

function downstream(http: boolean): ConfigObject {
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
      require_client_certificate: true,
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: "TLSv1_2", tls_maximum_protocol_version: "TLSv1_3" },
        alpn_protocols: http ? ["h2", "http/1.1"] : ["istio"],
        tls_certificate_sds_secret_configs: [secret(SECRETS.certificate)],
        combined_validation_context: {
          default_validation_context: {
            match_typed_subject_alt_names: [{ san_type: "URI", matcher: { prefix: `spiffe://${TRUST_DOMAIN}/` } }],
          },
          validation_context_sds_secret_config: secret(SECRETS.roots),
        },
      },
    },
  };
}
