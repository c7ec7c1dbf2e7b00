import { fileAccessLog, httpFilter, routerFilter } from "../../harness/envoy/builders.ts";
import type { ConfigObject, FilterSpec } from "../../harness/envoy/types.ts";
import { fileName } from "../clusters/file-name.ts";

const TYPE = "type.googleapis.com/envoy.extensions.filters";

/** What a connection manager has, beside its routes. */
export interface HttpChain {
  /** `outbound_0.0.0.0_9080;` */
  statPrefix: string;
  filters: readonly FilterSpec[];
  /** Fields of the access log, beside the usual ones. */
  fields: Record<string, string>;
  /** Its own part: how far it trusts whom it serves. */
  trust: ConfigObject;
}

/** Envoy's HttpConnectionManager as Pilot sets it up. @param routes `rds` or `route_config` */
export function httpManager(routes: ConfigObject, { statPrefix, filters, fields, trust }: HttpChain): ConfigObject {
  return {
    name: "envoy.filters.network.http_connection_manager",
    typed_config: {
      "@type": `${TYPE}.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: statPrefix,
      ...routes,
      http_filters: [...filters.map(httpFilter), native("fault", "HTTPFault"), native("cors", "Cors"), routerFilter()],
      access_log: [fileAccessLog("./access.log", fields)],
      stream_idle_timeout: "0s",
      proxy_100_continue: true,
      upgrade_configs: [{ upgrade_type: "websocket" }],
      normalize_path: true,
      path_with_escaped_slashes_action: "KEEP_UNCHANGED",
      ...trust,
    },
  };
}

function native(name: string, type: string): ConfigObject {
  return { name: `envoy.filters.http.${name}`, typed_config: { "@type": `${TYPE}.http.${name}.v3.${type}` } };
}

/** Routes that come from a file, so that a changed route touches no connection. */
export function routesFromFile(name: string): ConfigObject {
  const source = { path_config_source: { path: routesPath(name) }, resource_api_version: "V3" };
  return { rds: { config_source: source, route_config_name: name } };
}

export const routesPath = (name: string) => `./routes/${fileName(name)}.json`;

/** The client's own word counts for nothing, as a sidecar's application is trusted and a caller's proxy has said who it is. */
export const SIDECAR_OUTBOUND: ConfigObject = { use_remote_address: false };
export const SIDECAR_INBOUND: ConfigObject = {
  use_remote_address: false,
  server_name: "istio-envoy",
  forward_client_cert_details: "APPEND_FORWARD",
  set_current_client_cert_details: { subject: true, dns: true, uri: true },
};
export const GATEWAY: ConfigObject = {
  use_remote_address: true,
  server_name: "istio-envoy",
  http_protocol_options: {},
  forward_client_cert_details: "SANITIZE_SET",
  set_current_client_cert_details: { subject: true, cert: true, dns: true, uri: true },
};
