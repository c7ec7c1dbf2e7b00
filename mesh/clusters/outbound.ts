import type { ConfigObject } from "../../harness/envoy/types.ts";
import { outboundCluster, sniOf } from "../model/cluster-names.ts";
import { type Rule, policyFor, subsetPolicy } from "../model/destination-rules.ts";
import type { Port } from "../model/ports.ts";
import type { Service } from "../model/services.ts";
import type { Workload } from "../model/workloads.ts";
import type { ClientTls, Subset, TrafficPolicy } from "../resources/types/index.ts";
import { dnsEndpoints } from "./dns.ts";
import { type WantedEndpoints, hasEndpointsFile } from "./endpoints.ts";
import { loadBalancer } from "./load-balancer.ts";
import { balancingOf, weighsLocalities } from "./locality-balancing.ts";
import { autoMtls, autoSni, istioMutual, userTls } from "./tls.ts";
import { connectionPool, httpOptions, outlierDetection, speaksHttp2 } from "./traffic-policy.ts";

/** What a cluster depends on beside its service and its rule. */
export interface ClusterContext {
  /** SPIFFE IDs of who answers for the service. */
  readonly sans: readonly string[];
  /** Sidecars speak mutual TLS to each other by themselves, unless the service's side refuses it. */
  readonly autoMtls: boolean;
  readonly client: Workload;
  /** The path at which a cluster's proxy finds its endpoints. */
  endpoints(wanted: WantedEndpoints): string;
}

/** The clusters of a service's port: the whole, and each subset of its rule. */
export function outboundClusters(service: Service, port: Port, rule: Rule | undefined, context: ClusterContext): ConfigObject[] {
  const whole = clusterOf({ service, port, rule, policy: policyFor(rule?.trafficPolicy, port.number) }, context);
  const subsets = (rule?.subsets ?? []).map((subset) =>
    clusterOf({ service, port, rule, subset, policy: subsetPolicy(rule?.trafficPolicy, subset.trafficPolicy, port.number) }, context),
  );
  return [whole, ...subsets].filter((each) => each !== undefined);
}

interface Wanted {
  service: Service;
  port: Port;
  rule: Rule | undefined;
  policy: TrafficPolicy | undefined;
  subset?: Subset;
}

/** Undefined for a subset without endpoints of a service that is found by DNS. */
function clusterOf({ service, port, rule, policy, subset }: Wanted, context: ClusterContext): ConfigObject | undefined {
  const name = outboundCluster(port.number, subset?.name ?? "", service.host);
  const balancing = balancingOf(policy, service);
  const found = discovery(name, { service, port, subset, balancing, client: context.client }, context);
  if (found === undefined) return undefined;
  const { outlier_detection, panic } = outlierDetection(policy?.outlierDetection);
  const sniffs = context.client.type === "sidecar";
  const http2 = speaksHttp2(port, policy?.connectionPool?.http, sniffs);
  const tls = tlsOf(policy?.tls, { service, http2, sni: sniOf(port.number, subset?.name ?? "", service.host), context });
  const options = httpOptions(port, policy?.connectionPool, sniffs);
  const http = tls.options ? { ...options, upstream_http_protocol_options: tls.options, ...needed(options) } : options;
  return {
    name,
    alt_stat_name: `${name};`,
    ...found,
    ...connectionPool(policy?.connectionPool, policy?.retryBudget),
    ...loadBalancer(policy?.loadBalancer),
    common_lb_config: {
      // Istio sends to endpoints that are not healthy only when it is told to, and never if nearer ones are preferred to them.
      healthy_panic_threshold: { value: service.trafficDistribution ? 0 : (panic ?? 0) },
      ...(balancing && weighsLocalities(balancing) ? { locality_weighted_lb_config: {} } : {}),
    },
    ...(outlier_detection ? { outlier_detection } : {}),
    ...(http ? { typed_extension_protocol_options: { [HTTP]: { "@type": `type.googleapis.com/${HTTP}`, ...http } } } : {}),
    ...tls.socket,
    metadata: metadata(service, rule, subset),
  };
}

const HTTP = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/** Envoy takes no options without a protocol. */
function needed(options: ConfigObject | undefined): ConfigObject {
  const said = options && ("explicit_http_config" in options || "use_downstream_protocol_config" in options);
  return said ? {} : { explicit_http_config: { http_protocol_options: {} } };
}

function discovery(name: string, wanted: WantedEndpoints, { endpoints: pathOf }: ClusterContext): ConfigObject | undefined {
  const { service, client } = wanted;
  if (hasEndpointsFile(service, client.type)) {
    const path = pathOf(wanted);
    return {
      type: "EDS",
      eds_cluster_config: { eds_config: { path_config_source: { path }, resource_api_version: "V3" }, service_name: name },
    };
  }
  const endpoints = dnsEndpoints(wanted);
  if (endpoints.length === 0) return undefined;
  return {
    type: service.resolution === "DNS_ROUND_ROBIN" ? "LOGICAL_DNS" : "STRICT_DNS",
    dns_lookup_family: "V4_ONLY",
    respect_dns_ttl: true,
    load_assignment: { cluster_name: name, endpoints },
  };
}

interface TlsWanted {
  service: Service;
  http2: boolean;
  sni: string;
  context: ClusterContext;
}

function tlsOf(tls: ClientTls | undefined, { service, http2, sni, context }: TlsWanted): { socket: ConfigObject; options?: ConfigObject } {
  if (tls?.mode === "SIMPLE" || tls?.mode === "MUTUAL") {
    // As Pilot does it: a sidecar reads no Secrets.
    if (tls.credentialName && !tls.credentialName.startsWith("configmap://")) return { socket: {} };
    const sans = tls.subjectAltNames?.length ? tls.subjectAltNames : service.entry ? context.sans : [];
    const auto = autoSni(tls);
    return { socket: { transport_socket: userTls(tls, sans, http2) }, ...(Object.keys(auto).length > 0 ? { options: auto } : {}) };
  }
  if (tls?.mode === "ISTIO_MUTUAL") {
    const sans = tls.subjectAltNames ?? context.sans;
    return { socket: { transport_socket: istioMutual({ sni: tls.sni || sni, sans, http2 }) } };
  }
  // `mode: DISABLE`, which is also what a `tls` without a mode says.
  if (tls !== undefined || service.external || !context.autoMtls) return { socket: {} };
  return { socket: autoMtls(istioMutual({ sni, sans: context.sans, http2 })) };
}

/** By it Istio's tools know what a cluster is of. */
function metadata(service: Service, rule: Rule | undefined, subset: Subset | undefined): ConfigObject {
  const { host, namespace, resource } = service;
  const from = rule?.from[0];
  const config = from && `/apis/${from.group}/v1/namespaces/${from.namespace}/destination-rule/${from.name}`;
  const name = resource.kind === "Service" ? resource.name : host;
  return {
    filter_metadata: {
      istio: {
        ...(config ? { config } : {}),
        // As Pilot has it: only of the whole.
        ...(service.external && !subset ? { external: true } : {}),
        services: [{ host, name, namespace }],
        ...(subset ? { subset: subset.name } : {}),
      },
    },
  };
}
