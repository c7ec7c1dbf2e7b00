import type { ConfigObject, FilterSpec } from "../../harness/envoy/types.ts";
import { targetOf } from "../clusters/endpoints.ts";
import { passthroughFilter } from "../clusters/passthrough.ts";
import type { Mesh } from "../model/mesh.ts";
import { isHttp } from "../model/ports.ts";
import type { Workload } from "../model/workloads.ts";
import { serviceRoutes } from "../routes/virtual-hosts.ts";
import type { View } from "../views.ts";
import { type Filters, verdictFields } from "./filters.ts";
import { type InboundPort, inboundListener } from "./inbound.ts";
import { outboundListener, outboundServiceListenerOf, proxyListener } from "./outbound.ts";
import { outboundTcpListeners } from "./outbound-tcp.ts";

/** The ports of an application that services lead to; of several services with the same, the first counts. */
export function inboundPorts(workload: Workload, mesh: Mesh): InboundPort[] {
  const ports = new Map<number, InboundPort>();
  for (const service of mesh.servicesOf(workload)) {
    for (const port of service.ports) {
      const target = targetOf(workload, port);
      if (port.protocol !== "udp" && !ports.has(target)) ports.set(target, { target, port, service });
    }
  }
  return [...ports.values()].sort((a, b) => a.target - b.target);
}

/** A sidecar's ways in and out, and the routes that it has beside those of its view. */
export function sidecarListeners(
  workload: Workload,
  mesh: Mesh,
  inbound: readonly InboundPort[],
  { ports }: Pick<View, "ports">,
  { filters, program }: { filters: Filters; program: boolean },
): { listeners: ConfigObject[]; routes: ConfigObject[] } {
  const scope = mesh.scope(workload);
  const { mode, ports: modes } = mesh.mtls(workload);
  const chain = (port?: number) => {
    const outbound = filters({ direction: "outbound", workload, ...(port === undefined ? {} : { port }) }, mesh);
    return { filters: scope.allowAny ? [...outbound, lookup()] : outbound, fields: verdictFields("outbound") };
  };
  const near = program ? [...scope.services.values()].filter(({ namespace }) => namespace === workload.namespace) : [];
  const own = near.flatMap(({ host, ports: all }) => all.filter(isHttp).map(({ number }) => ({ host, port: number })));
  return {
    listeners: [
      ...inbound.map((port) => {
        const chained = filters({ direction: "inbound", workload, host: port.service.host, port: port.target }, mesh);
        return inboundListener(port, modes.get(port.target) ?? mode, { filters: chained, fields: verdictFields("inbound") });
      }),
      ...ports.map((port) => outboundListener(port, chain(port))),
      ...own.map(({ host, port }) => outboundServiceListenerOf(host, port, chain(port))),
      ...outboundTcpListeners(scope, new Set(ports)),
      proxyListener(chain()),
    ],
    routes: own.map(({ host, port }) => serviceRoutes(scope, host, port)),
  };
}

const lookup = (): FilterSpec => ({ name: "envoy.filters.http.dynamic_forward_proxy", typedConfig: passthroughFilter() });
