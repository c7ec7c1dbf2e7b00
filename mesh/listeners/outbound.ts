import { socketAddress } from "../../harness/envoy/builders.ts";
import type { ConfigObject } from "../../harness/envoy/types.ts";
import { type HttpChain, SIDECAR_OUTBOUND, httpManager, routesFromFile } from "./http.ts";

/** The name of the listener for requests to all services at a port: Istio's. */
export const outboundListenerName = (port: number) => `0.0.0.0_${port}`;

/** The name of the listener for `HTTP_PROXY`: Istio's for `mesh.proxyHttpPort`. */
export const PROXY_LISTENER = "127.0.0.1_15002";

type Chain = Omit<HttpChain, "statPrefix" | "trust">;

/** Requests of the own application to whatever host has this port: it says which in `Host`. */
export function outboundListener(port: number, chain: Chain): ConfigObject {
  return listener(outboundListenerName(port), String(port), { ...chain, statPrefix: `outbound_0.0.0.0_${port};`, trust: SIDECAR_OUTBOUND });
}

/** The name of a listener for one service, and of its routes: as Istio calls those of a service's own port. */
export const outboundServiceListener = (host: string, port: number) => `${host}:${port}`;

/** Requests to one service, whatever their `Host` says: for programs that know an address and nothing of proxies. */
export function outboundServiceListenerOf(host: string, port: number, chain: Chain): ConfigObject {
  const name = outboundServiceListener(host, port);
  return listener(name, name, { ...chain, statPrefix: `outbound_${host}_${port};`, trust: SIDECAR_OUTBOUND });
}

/** What an application speaks to that takes `http_proxy` for its word: hosts with their ports. */
export function proxyListener(chain: Chain): ConfigObject {
  // A proxy is given whole URLs.
  const trust = { ...SIDECAR_OUTBOUND, http_protocol_options: { allow_absolute_url: true } };
  return listener(PROXY_LISTENER, "http_proxy", { ...chain, statPrefix: "outbound_http_proxy;", trust });
}

function listener(name: string, routes: string, chain: HttpChain): ConfigObject {
  return {
    name,
    address: socketAddress(),
    filter_chains: [{ filters: [httpManager(routesFromFile(routes), chain)] }],
    traffic_direction: "OUTBOUND",
  };
}
