import type { Diagnostic } from "../../../diagnostics/index.ts";
import { DOMAIN, covers, inFull } from "../../model/hosts.ts";
import type { Mesh } from "../../model/mesh.ts";
import type { Resource } from "../../resources/resource.ts";
import type { DestinationRule, VirtualService } from "../../resources/types/index.ts";
import { conflict } from "./finding.ts";

/** The service that somebody may mean who writes `reviews.default`: only a name without a dot is completed. */
export function meant(host: string, { services }: Mesh): string | undefined {
  const candidates = [`${host}.svc.${DOMAIN}`, `${host}.${DOMAIN}`];
  return host.includes(".") ? services.find((service) => candidates.includes(service.host))?.host : undefined;
}

/** Hosts of a VirtualService may be anybody's, but not half a name; that of a DestinationRule is a service's. */
export function hostConflicts(
  virtualServices: readonly Resource<VirtualService>[],
  rules: readonly Resource<DestinationRule>[],
  mesh: Mesh,
): Diagnostic[] {
  const isKnown = (host: string) => mesh.services.some((service) => covers(host, service.host));
  const half = (resource: Resource<unknown>, path: (string | number)[], host: string, namespace: string): Diagnostic[] => {
    const full = inFull(host, namespace);
    const other = isKnown(full) ? undefined : meant(full, mesh);
    if (other === undefined) return [];
    return [conflict(resource, path, `the host ${host} is taken as a full name, which no service has`, { help: `write ${other}` })];
  };
  const ofRules = rules.flatMap((resource) => {
    const { namespace, spec } = resource;
    const host = spec.host ?? "";
    const found = half(resource, ["spec", "host"], host, namespace);
    if (found.length > 0 || isKnown(inFull(host, namespace))) return found;
    const help = "correct the host, or add the Service or ServiceEntry that has it";
    return [conflict(resource, ["spec", "host"], `no service has the host ${inFull(host, namespace)}: the rule is not used`, { help })];
  });
  return [
    ...virtualServices.flatMap((resource) =>
      (resource.spec.hosts ?? []).flatMap((host, i) => half(resource, ["spec", "hosts", i], host, resource.namespace)),
    ),
    ...ofRules,
  ];
}
