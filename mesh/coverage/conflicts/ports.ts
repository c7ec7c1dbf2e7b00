import type { Diagnostic } from "../../../diagnostics/index.ts";
import { namedProtocol, protocolOf } from "../../model/ports.ts";
import type { Resource } from "../../resources/resource.ts";
import type { KubernetesService, ServiceEntry } from "../../resources/types/index.ts";
import { conflict } from "./finding.ts";

/** Ports that do not say what they speak: Istio looks at the first bytes of each connection, and here they are HTTP. */
export function portConflicts(services: readonly Resource<KubernetesService>[], entries: readonly Resource<ServiceEntry>[]): Diagnostic[] {
  const finding = (resource: Resource<unknown>, index: number, number: number, help: string) =>
    conflict(resource, ["spec", "ports", index], `the port ${number} does not say what it speaks, and is taken for HTTP`, { help });
  return [
    ...services.flatMap((resource) =>
      (resource.spec.ports ?? []).flatMap((port, i) => {
        const help = "begin its name with the protocol, as in `http-web` or `tcp-db`, or write `appProtocol`";
        return protocolOf(port) === "unknown" ? [finding(resource, i, port.port, help)] : [];
      }),
    ),
    ...entries.flatMap((resource) =>
      (resource.spec.ports ?? []).flatMap(({ number, name, protocol }, i) => {
        const known = protocol ? namedProtocol(protocol) : protocolOf({ name });
        return known === "unknown" ? [finding(resource, i, number, "write `protocol`, as in HTTP, HTTP2, GRPC, TLS or TCP")] : [];
      }),
    ),
  ];
}
