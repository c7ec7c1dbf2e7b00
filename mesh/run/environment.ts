import { PROXY_LISTENER, outboundServiceListener } from "../listeners/outbound.ts";
import { tcpListenerName } from "../listeners/outbound-tcp.ts";
import type { Mesh } from "../model/mesh.ts";
import { isHttp } from "../model/ports.ts";
import type { Workload } from "../model/workloads.ts";
import type { RunningProxy } from "./running-proxy.ts";

/**
 * How a program reaches others through its sidecar: as a Pod is told of the services of its namespace
 * (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables), and as programs are told of an HTTP proxy.
 */
export function environment(workload: Workload, mesh: Mesh, proxy: Pick<RunningProxy, "address">): Record<string, string> {
  const env: Record<string, string> = {};
  for (const service of mesh.scope(workload).services.values()) {
    if (service.namespace !== workload.namespace) continue;
    const name = service.resource.name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_");
    for (const port of service.ports) {
      const listener = isHttp(port) ? outboundServiceListener(service.host, port.number) : tcpListenerName(service.host, port.number);
      const address = proxy.address(listener);
      if (address === undefined) continue;
      const called =
        port.name === "" ? [] : [[`${name}_SERVICE_PORT_${port.name.toUpperCase().replaceAll("-", "_")}`, String(address.port)]];
      // The first port is the service's.
      Object.assign(env, Object.fromEntries(called), { [`${name}_SERVICE_HOST`]: address.host });
      env[`${name}_SERVICE_PORT`] ??= String(address.port);
    }
  }
  const http = proxy.address(PROXY_LISTENER);
  if (http === undefined) return env;
  const url = `http://${http.host}:${http.port}`;
  // The name in capitals is not read by curl, for a CGI program may be given it by its client.
  return { ...env, http_proxy: url, HTTP_PROXY: url };
}
