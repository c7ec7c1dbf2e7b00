import { socketAddress } from "../../../harness/envoy/builders.ts";
import { tlsInspector } from "../../../harness/envoy/tls.ts";
import type { ConfigObject } from "../../../harness/envoy/types.ts";
import type { Mesh } from "../../model/mesh.ts";
import type { Workload } from "../../model/workloads.ts";
import { type Filters, verdictFields } from "../filters.ts";
import { GATEWAY, httpManager, routesFromFile } from "../http.ts";
import { type Credential, credentialsOf, downstreamTls } from "./credentials.ts";
import { gatewayRoutes } from "./routes.ts";
import { type ServedPort, type Server, servedPorts, serverNames } from "./servers.ts";
import { streamChains } from "./streams.ts";

export type { Credential } from "./credentials.ts";
export { gatewayTarget } from "./servers.ts";

/** The name of a gateway's listener: Istio's. */
export const gatewayListenerName = (port: number) => `0.0.0.0_${port}`;

/** What a gateway's proxy has. */
export interface GatewayListeners {
  listeners: ConfigObject[];
  routes: ConfigObject[];
  credentials: Credential[];
}

interface Options {
  filters: Filters;
  /** The local port of a server [the kernel chooses]. */
  port?: ((server: number) => number | undefined) | undefined;
}

/** The listeners of a gateway's proxy: one for each port that its servers are at. */
export function gatewayListeners(workload: Workload, mesh: Mesh, { filters, port: local }: Options): GatewayListeners {
  const served = servedPorts(workload, mesh);
  const manager = (port: number, routes: string) =>
    httpManager(routesFromFile(routes), {
      statPrefix: `outbound_0.0.0.0_${port};`,
      filters: filters({ direction: "gateway", workload, port }, mesh),
      fields: verdictFields("gateway"),
      trust: GATEWAY,
    });
  const made = served.map((each) => ({ ...each, chains: chainsOf(each, workload, mesh, manager) }));
  return {
    listeners: made
      .filter(({ chains }) => chains.length > 0)
      .map(({ port, servers, chains }) => ({
        name: gatewayListenerName(port),
        // Without a port of its own two could share one, and the kernel would deal the clients out between them.
        ...address(servers.map((server) => local?.(server.port.number))),
        ...(chains.some((chain) => chain["transport_socket"] || chain["filter_chain_match"]) ? { listener_filters: [tlsInspector()] } : {}),
        filter_chains: chains,
        traffic_direction: "OUTBOUND",
      })),
    routes: served.flatMap(({ port, servers }) => routesOf(port, servers, workload, mesh)),
    credentials: served.flatMap(({ servers }) => servers.flatMap((server) => credentialsOf(server, workload, mesh))),
  };
}

function chainsOf(
  { port, servers }: ServedPort,
  workload: Workload,
  mesh: Mesh,
  manager: (port: number, routes: string) => ConfigObject,
): ConfigObject[] {
  const plain = servers.some(({ kind }) => kind === "http") ? [{ filters: [manager(port, `http.${port}`)] }] : [];
  const names = new Set<string>();
  const others = servers.flatMap((server): ConfigObject[] => {
    if (server.kind === "http") return [];
    if (server.kind !== "https") return streamChains(server, workload, mesh, names);
    const match = serverNames(server.hosts);
    return [
      {
        ...(match.server_names ? { filter_chain_match: match } : {}),
        filters: [manager(port, secureRoutes(server))],
        transport_socket: downstreamTls(server),
      },
    ];
  });
  return [...plain, ...others];
}

function routesOf(port: number, servers: readonly Server[], workload: Workload, mesh: Mesh): ConfigObject[] {
  const plain = servers.filter(({ kind }) => kind === "http");
  const secure = servers.filter(({ kind }) => kind === "https");
  return [
    ...(plain.length > 0 ? [gatewayRoutes(`http.${port}`, plain, workload, mesh)] : []),
    ...secure.map((server) => gatewayRoutes(secureRoutes(server), [server], workload, mesh)),
  ];
}

/** Each server of HTTPS has routes of its own. As Pilot calls them. */
function secureRoutes({ port, gateway }: Server): string {
  const [namespace, name] = gateway.split("/");
  return `https.${port.number}.${port.name}.${name}.${namespace}`;
}

function address(local: readonly (number | undefined)[]): ConfigObject {
  const port = local.find((each) => each !== undefined);
  return port === undefined ? { address: socketAddress() } : { address: socketAddress({ port }), enable_reuse_port: false };
}
