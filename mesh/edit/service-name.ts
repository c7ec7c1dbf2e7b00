import { hostOf, inFull, namesFor } from "../model/hosts.ts";
import type { Mesh } from "../model/mesh.ts";

/**
 * The host that somebody in a namespace means: `reviews`, `reviews.default`, `reviews.default.svc` and the whole name are the same service. A name
 * that no resource has is taken for a service of Kubernetes when it looks like one, since the files of routes may be without the services.
 */
export function hostMeant(name: string, namespace: string, mesh: Mesh): string {
  const lower = name.toLowerCase().replace(/\.$/, "");
  const service = mesh.services.find(({ host }) => namesFor(host, namespace).includes(lower));
  if (service) return service.host;
  if (mesh.virtualServices.some(({ hosts }) => hosts.includes(lower))) return lower;
  const [, short, its] = /^([^.*]+)\.([^.]+)(?:\.svc)?$/.exec(lower) ?? [];
  return short === undefined || its === undefined ? inFull(lower, namespace) : hostOf(short, its);
}
