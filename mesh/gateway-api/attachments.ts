import { covers, isWildcard, overlap } from "../model/hosts.ts";
import { MESH } from "../model/virtual-services.ts";
import { type Resource, compare } from "../resources/resource.ts";
import type { ParentReference, Route } from "../resources/types/index.ts";
import { GROUP } from "./classes.ts";
import { type ListenerEntry, kindsOf } from "./listeners.ts";

/** Where a route is in force: at a listener of a gateway, or in the mesh for a service. */
export interface Attachment {
  /** `mesh`, or the listener's `namespace/name`. */
  readonly gateway: string;
  readonly reference: ParentReference;
  /** The listener's own hostname; empty for all. */
  readonly hostname: string;
  /** Hostnames of the gateway's other listeners for the same port and protocol. */
  readonly others: readonly string[];
}

/** All attachments that a route asks for and that are allowed to it, as Istio orders them. */
export function attachmentsOf(route: Resource<Route<unknown>>, listeners: readonly ListenerEntry[]): Attachment[] {
  const refs = [...(route.spec.parentRefs ?? [])].sort((a, b) => compare(shown(a, route), shown(b, route)));
  return refs.flatMap((ref) => attached(ref, route, listeners)).sort((a, b) => compare(a.gateway, b.gateway));
}

function attached(ref: ParentReference, route: Resource<Route<unknown>>, listeners: readonly ListenerEntry[]): Attachment[] {
  if (isService(ref) || isServiceEntry(ref)) return [{ gateway: MESH, reference: ref, hostname: "", others: [] }];
  if ((ref.group ?? GROUP) !== GROUP || (ref.kind ?? "Gateway") !== "Gateway") return [];
  const namespace = ref.namespace ?? route.namespace;
  const own = listeners.filter(({ resource }) => resource.name === ref.name && resource.namespace === namespace);
  return own
    .filter((entry) => allows(entry, ref, route))
    .map(({ id, listener }) => {
      const hostname = listener.hostname ?? "";
      const beside = own.filter(({ listener: { port, protocol } }) => port === listener.port && protocol === listener.protocol);
      const others = beside.map((each) => each.listener.hostname ?? "").filter((each) => each !== hostname);
      return { gateway: id, reference: ref, hostname, others };
    });
}

export const isService = ({ group, kind }: ParentReference) => group === "" && kind === "Service";
export const isServiceEntry = ({ group, kind }: ParentReference) => group === "networking.istio.io" && kind === "ServiceEntry";

function allows({ listener, namespaces }: ListenerEntry, { port, sectionName }: ParentReference, route: Resource<Route<unknown>>): boolean {
  if ((port && port !== listener.port) || (sectionName && sectionName !== listener.name)) return false;
  if (!namespaces.includes("*") && !namespaces.includes(route.namespace)) return false;
  const hosts = route.spec.hostnames?.length ? route.spec.hostnames : ["*"];
  return hosts.some((host) => overlap(listener.hostname ?? "*", host)) && kindsOf(listener).includes(route.kind);
}

/**
 * Whether a host of a route is this listener's matter: a narrower listener beside it keeps its own.
 * https://gateway-api.sigs.k8s.io/reference/api-spec/1.6/spec/#listener
 */
export function isIsolated({ hostname, others }: Attachment, host: string): boolean {
  if (hostname !== "" && !isWildcard(hostname)) return true;
  if (hostname !== "" && !overlap(host, hostname)) return false;
  return !others.some((other) => hostname.length <= other.length && isSubset(host, other));
}

/** As Istio's: a pattern is no part of a plain name. */
const isSubset = (host: string, pattern: string) =>
  isWildcard(host) ? isWildcard(pattern) && covers(pattern, host) : covers(pattern, host);

const shown = (
  { group = GROUP, kind = "Gateway", name, sectionName = "", port = 0, namespace }: ParentReference,
  route: Resource<unknown>,
) => `${group}/${kind}/${name}/${sectionName}/${port}.${namespace ?? route.namespace}`;
