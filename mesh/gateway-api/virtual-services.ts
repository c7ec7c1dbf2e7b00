import { hostOf } from "../model/hosts.ts";
import { MESH, type VirtualServiceEntry } from "../model/virtual-services.ts";
import { type Resource, compare } from "../resources/resource.ts";
import type { HttpMatch, HttpRoute, Route, ServiceEntry, VirtualService } from "../resources/types/index.ts";
import { type Attachment, isIsolated, isServiceEntry } from "./attachments.ts";
import { byPrecedence } from "./precedence.ts";

/** The rules of a route for one host at one gateway, or in the mesh. */
export interface Part {
  /** What is merged with it: the same gateway and host, or in the mesh the same namespace, port and host. */
  readonly key: string;
  readonly route: Resource<Route<unknown>>;
  readonly gateway: string;
  readonly host: string;
  readonly http: readonly HttpRoute[];
}

/** The parts of a route whose rules are these. */
export function partsOf(
  route: Resource<Route<unknown>>,
  attachments: readonly Attachment[],
  rules: (granted: boolean) => HttpRoute[] | undefined,
  entries: readonly Resource<ServiceEntry>[],
): Part[] {
  return attachments.flatMap((attachment) => {
    const { gateway, reference } = attachment;
    const isMesh = gateway === MESH;
    const made = rules(!isMesh);
    if (!made?.length) return [];
    const http = isMesh && reference.port !== undefined ? atPort(made, reference.port) : made;
    const place = isMesh ? [route.namespace, ...(reference.port === undefined ? [] : [reference.port])].join("/") : gateway;
    return hostsOf(route, attachment, entries)
      .filter((host) => isIsolated(attachment, host))
      .map((host) => ({ key: `${place}/${host}`, route, gateway, host, http }));
  });
}

/** In the mesh a route is for a service, whatever hostnames it has. */
export function hostsOf(
  { namespace, spec }: Resource<Route<unknown>>,
  { gateway, reference }: Attachment,
  entries: readonly Resource<ServiceEntry>[],
): readonly string[] {
  if (gateway !== MESH) return spec.hostnames?.length ? spec.hostnames : ["*"];
  const its = reference.namespace ?? namespace;
  if (!isServiceEntry(reference)) return [hostOf(reference.name, its)];
  return entries.find((each) => each.name === reference.name && each.namespace === its)?.spec.hosts ?? [];
}

const atPort = (routes: readonly HttpRoute[], port: number): HttpRoute[] =>
  routes.map((route) => ({ ...route, match: (route.match ?? [{}]).map((match): HttpMatch => ({ ...match, port })) }));

/** All rules for a host at a gateway together: the Gateway API ranks them across resources. */
export function merged(parts: readonly Part[]): VirtualServiceEntry[] {
  const groups = new Map<string, Part[]>();
  for (const part of parts) groups.set(part.key, [...(groups.get(part.key) ?? []), part]);
  return [...groups].flatMap(([key, group]) => {
    const [first, ...others] = [...group].sort((a, b) => older(a.route, b.route));
    if (first === undefined) return [];
    const http = byPrecedence([first, ...others].flatMap((part) => part.http));
    return [entryOf(first.route, key.replaceAll("/", "~"), { hosts: [first.host], gateways: [first.gateway], http })];
  });
}

/** As Pilot orders routes, which is by namespace before name, and not as it orders everything else. */
function older(a: Resource<unknown>, b: Resource<unknown>): number {
  return compare(a.created, b.created) || compare(a.namespace, b.namespace) || compare(a.name, b.name);
}

/** A VirtualService that a route makes. @param name Pilot's for it, which its routes' metadata have */
export function entryOf(route: Resource<Route<unknown>>, name: string, spec: VirtualService): VirtualServiceEntry {
  return {
    resource: { ...route, group: "networking.istio.io", kind: "VirtualService", name, spec },
    source: route,
    spec,
    hosts: spec.hosts ?? [],
    gateways: spec.gateways ?? [],
    semantics: "gateway-api",
  };
}
