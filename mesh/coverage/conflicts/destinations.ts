import type { Diagnostic } from "../../../diagnostics/index.ts";
import type { Path } from "../../../harness/cases/source.ts";
import { inFull } from "../../model/hosts.ts";
import type { Mesh } from "../../model/mesh.ts";
import type { Workload } from "../../model/workloads.ts";
import type { Resource } from "../../resources/resource.ts";
import type { Destination, VirtualService } from "../../resources/types/index.ts";
import { conflict, seen } from "./finding.ts";
import { meant } from "./hosts.ts";

/** Destinations that lead nowhere for a client that sees them: requests get a 503. */
export function destinationConflicts(virtualServices: readonly Resource<VirtualService>[], mesh: Mesh): Diagnostic[] {
  return virtualServices.flatMap((resource) => {
    const clients = clientsOf(resource, mesh);
    return destinationsOf(resource.spec).flatMap(({ destination, path }) => problem(resource, destination, path, clients, mesh) ?? []);
  });
}

function problem(
  resource: Resource<VirtualService>,
  { host, subset }: Destination,
  path: Path,
  clients: readonly Workload[],
  mesh: Mesh,
): Diagnostic | undefined {
  const full = inFull(host, resource.namespace);
  if (!mesh.services.some((service) => service.host === full)) {
    const other = meant(full, mesh);
    const [message, help] = other
      ? [`the host ${host} is taken as a full name, which no service has: requests fail`, `write ${other}`]
      : [`no service has the host ${full}: requests fail`, "correct the host, or add the Service or ServiceEntry that has it"];
    return conflict(resource, [...path, "host"], message, { help });
  }
  for (const client of clients) {
    const service = mesh.scope(client).services.get(full);
    if (service === undefined) {
      const theirs = mesh.services.find((each) => each.host === full);
      return conflict(resource, [...path, "host"], `${client.id} does not see ${full}: its requests fail`, {
        notes: theirs ? [seen("the host is of", theirs.resource, [])] : [],
        help: "export the service to the namespace of its clients",
      });
    }
    if (!subset) continue;
    const rule = mesh.rule(service, client);
    if (rule?.subsets.some(({ name }) => name === subset)) continue;
    return conflict(resource, [...path, "subset"], `no DestinationRule defines the subset ${subset} of ${full}: requests fail`, {
      notes: [
        ...(rule?.from ?? []).map((each) => seen("the host's rule is", each, ["spec", "subsets"])),
        `a client that does not find it: ${client.id}`,
      ],
      help: "add the subset to the host's DestinationRule, or take it out of the route",
    });
  }
  return undefined;
}

/** Whose requests it may route. A delegate's are those of its root: of anybody. */
function clientsOf(resource: Resource<VirtualService>, mesh: Mesh): readonly Workload[] {
  const entry = mesh.virtualServices.find((each) => each.resource === resource);
  if (entry === undefined) return [];
  const gateways = mesh.gateways.filter(({ id }) => entry.gateways.includes(id));
  return mesh.workloads.filter((workload) =>
    workload.type === "gateway"
      ? gateways.some((gateway) => gateway.selects(workload))
      : mesh.scope(workload).virtualServices.includes(entry),
  );
}

function destinationsOf({ http = [], tcp = [], tls = [] }: VirtualService): { destination: Destination; path: Path }[] {
  const mirrored = http.flatMap(({ mirror, mirrors = [] }, i) => [
    ...(mirror ? [{ destination: mirror, path: ["spec", "http", i, "mirror"] }] : []),
    ...mirrors.map(({ destination }, j) => ({ destination, path: ["spec", "http", i, "mirrors", j, "destination"] })),
  ]);
  const routed = Object.entries({ http, tcp, tls }).flatMap(([protocol, routes]) =>
    routes.flatMap(({ route = [] }, i) =>
      route.map(({ destination }, j) => ({ destination, path: ["spec", protocol, i, "route", j, "destination"] })),
    ),
  );
  return [...routed, ...mirrored];
}
