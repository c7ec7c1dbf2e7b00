import { targetOf } from "../../clusters/endpoints.ts";
import type { GatewayEntry } from "../../model/gateways.ts";
import type { Mesh } from "../../model/mesh.ts";
import { isHttp, namedProtocol } from "../../model/ports.ts";
import type { Workload } from "../../model/workloads.ts";
import type { GatewayServer } from "../../resources/types/index.ts";

/** A server of a Gateway. */
export interface Server extends GatewayServer {
  /** `namespace/name` */
  readonly gateway: string;
  /** Of the Gateway. */
  readonly namespace: string;
  /** What it does with connections: routes requests, those inside of TLS too, passes bytes on, or passes TLS on by its server name. */
  readonly kind: "http" | "https" | "tcp" | "passthrough";
}

/** Servers that share a listener, at a port of the proxy's own. */
export interface ServedPort {
  readonly port: number;
  readonly servers: readonly Server[];
}

/** What a gateway's proxy serves, by port: servers of several Gateways together, as far as they go together. */
export function servedPorts(workload: Workload, mesh: Mesh): ServedPort[] {
  const ports = new Map<number, Server[]>();
  for (const gateway of mesh.gateways.filter((each) => each.selects(workload))) {
    for (const server of serversOf(gateway)) {
      const port = servicePort(server.port.number, workload, mesh) ?? (gateway.legacy ? server.port.number : undefined);
      if (port === undefined) continue;
      const others = ports.get(port) ?? [];
      ports.set(port, others);
      if (fits(server, others)) others.push(server);
    }
  }
  return [...ports].sort(([a], [b]) => a - b).map(([port, servers]) => ({ port, servers }));
}

/** Where a gateway listens for a server's port: as its own Service leads there, or at the port itself. */
export const gatewayTarget = (port: number, workload: Workload, mesh: Mesh): number => servicePort(port, workload, mesh) ?? port;

function servicePort(port: number, workload: Workload, mesh: Mesh): number | undefined {
  for (const service of mesh.servicesOf(workload)) {
    const found = service.ports.find(({ number }) => number === port);
    if (found) return targetOf(workload, found);
  }
  return undefined;
}

/** A Gateway's, as its proxies read them. */
export function serversOf({ id, namespace, servers }: GatewayEntry): Server[] {
  return servers.map((server) => ({ ...server, hosts: inScope(server.hosts, namespace), gateway: id, namespace, kind: kindOf(server) }));
}

/** `./host` is of the Gateway's own namespace, `*` + `/host` of all. */
function inScope(hosts: readonly string[], namespace: string): string[] {
  return hosts.map((host) => host.replace(/^\.\//, `${namespace}/`).replace(/^\*\//, ""));
}

function kindOf({ port, tls }: GatewayServer): Server["kind"] {
  const protocol = namedProtocol(port.protocol);
  // An unknown word is bytes here: there is nothing to look at before the first byte.
  if (protocol !== "unknown" && isHttp({ protocol })) return "http";
  if (tls?.mode === "PASSTHROUGH" || tls?.mode === "AUTO_PASSTHROUGH") return "passthrough";
  return protocol === "https" && tls ? "https" : "tcp";
}

/** As Pilot merges: plain requests with plain requests, TLS with TLS of other names; of what excludes each other the first stays. */
function fits(server: Server, others: readonly Server[]): boolean {
  const plain = others.find((each) => !speaksTls(each));
  if (plain) return plain.kind === "http" && server.kind === "http" && !repeats(server, others);
  return !repeats(server, others);
}

export const speaksTls = ({ kind, tls }: Server) => kind !== "http" && tls !== undefined;

/** Envoy takes no two chains for a server name. */
const repeats = ({ tls, hosts }: Server, others: readonly Server[]) =>
  tls !== undefined && others.some((each) => each.tls !== undefined && each.hosts.some((host) => hosts.includes(host)));

/** A server's host without its namespace. */
export const hostPart = (host: string) => host.slice(host.indexOf("/") + 1).toLowerCase();

/** Server names of a chain; none where it takes every name. */
export function serverNames(hosts: readonly string[]): { server_names?: string[] } {
  const names = [...new Set(hosts.map((host) => host.slice(host.indexOf("/") + 1)))].sort();
  return names.includes("*") ? {} : { server_names: names };
}
