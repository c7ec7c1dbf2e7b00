import type { Diagnostic } from "../../../diagnostics/index.ts";
import type { Path } from "../../../harness/cases/source.ts";
import { inFull } from "../../model/hosts.ts";
import type { Mesh } from "../../model/mesh.ts";
import { MESH, type VirtualServiceEntry } from "../../model/virtual-services.ts";
import type { Resource } from "../../resources/resource.ts";
import type { VirtualService } from "../../resources/types/index.ts";
import { conflict, seen } from "./finding.ts";

/** Two for the same host in a sidecar's sight: the first has the host, and the other is not used. Gateways take the routes of both. */
export function virtualServiceConflicts(mesh: Mesh): Diagnostic[] {
  const findings = new Map<string, Diagnostic>();
  for (const workload of mesh.workloads) {
    if (workload.type === "gateway") continue;
    const owners = new Map<string, VirtualServiceEntry>();
    for (const entry of mesh.scope(workload).virtualServices) {
      if (!alwaysRoutes(entry)) continue;
      entry.hosts.forEach((host, i) => {
        const owner = owners.get(host);
        if (owner === undefined) owners.set(host, entry);
        // One for a service's own namespace and one of a client's are what the Gateway API means.
        else if (owner !== entry && !(owner.semantics === "gateway-api" && entry.semantics === "gateway-api")) {
          const key = [owner.resource, entry.resource].map(({ namespace, name }) => `${namespace}/${name}`).join(" ");
          if (!findings.has(`${key} ${host}`)) findings.set(`${key} ${host}`, unused(entry, i, owner, host, workload.id));
        }
      });
    }
  }
  return [...findings.values()];
}

function unused({ resource }: VirtualServiceEntry, index: number, owner: VirtualServiceEntry, host: string, who: string): Diagnostic {
  const at = Math.max(0, owner.hosts.indexOf(host));
  return conflict(resource, ["spec", "hosts", index], `is not used for ${host}: another is, which is older or of a nearer namespace`, {
    notes: [seen("the one that is used is", owner.resource, ["spec", "hosts", at]), `a client that sees both: ${who}`],
    help: "put the routes of both into one, or give each a host of its own",
  });
}

/** It has a route for requests of every client at every port: others never get their turn. */
function alwaysRoutes({ spec }: VirtualServiceEntry): boolean {
  return (spec.http ?? []).some(
    ({ match }) =>
      !match?.length ||
      match.some(({ port, sourceLabels, sourceNamespace, gateways }) => !port && !sourceLabels && !sourceNamespace && !gateways),
  );
}

/** A name of a gateway that no Gateway has. */
export function gatewayConflicts(virtualServices: readonly Resource<VirtualService>[], mesh: Mesh): Diagnostic[] {
  const known = new Set(mesh.gateways.map(({ id }) => id));
  return virtualServices.flatMap((resource) =>
    gatewaysOf(resource.spec).flatMap(({ name, path }) => {
      const full = gatewayInFull(name, resource.namespace);
      if (name === MESH || known.has(full)) return [];
      return [
        conflict(resource, path, `there is no Gateway ${full}: nothing comes in by it`, {
          help: known.size > 0 ? `the Gateways are: ${[...known].sort().join(", ")}` : "add the Gateway to the resources",
        }),
      ];
    }),
  );
}

function gatewaysOf({ gateways = [], http = [], tcp = [], tls = [] }: VirtualService): { name: string; path: Path }[] {
  const own = gateways.map((name, i) => ({ name, path: ["spec", "gateways", i] }));
  const matched = Object.entries({ http, tcp, tls }).flatMap(([protocol, routes]) =>
    routes.flatMap(({ match = [] }, r) =>
      match.flatMap((each, m) =>
        (each.gateways ?? []).map((name, i) => ({ name, path: ["spec", protocol, r, "match", m, "gateways", i] })),
      ),
    ),
  );
  return [...own, ...matched];
}

/** As the model has it: `./web`, `web` and the old form `web.default.svc.cluster.local`. */
function gatewayInFull(name: string, namespace: string): string {
  if (name.includes("/")) return name.startsWith("./") ? `${namespace}${name.slice(1)}` : name;
  const [short = "", its] = inFull(name, namespace).split(".");
  return `${its ?? namespace}/${short}`;
}
