import { hostOf } from "../model/hosts.ts";
import type { Resource } from "../resources/resource.ts";
import type { BackendReference, Destination, ReferenceGrant } from "../resources/types/index.ts";

/** Where a reference leads. */
export interface Backend {
  readonly destination: Destination;
  /** There is nothing, or it may not be referred to: requests to it are answered with 500. */
  readonly missing: boolean;
}

/** How a route's references are read. */
export interface Backends {
  /** Undefined for one that makes the whole route invalid. */
  destinationOf(reference: BackendReference): Backend | undefined;
}

interface Known {
  hosts: ReadonlySet<string>;
  grants: readonly Resource<ReferenceGrant>[];
}

/**
 * References of a route to backends. At a gateway, those to other namespaces must be granted there; in the mesh, who sees a service may call it.
 * https://gateway-api.sigs.k8s.io/api-types/referencegrant/
 */
export function backendsOf(
  { kind, namespace }: Pick<Resource<unknown>, "kind" | "namespace">,
  { hosts, grants }: Known,
  granted: boolean,
): Backends {
  return {
    destinationOf(reference) {
      const { group = "", kind: to = "Service", name, port } = reference;
      const its = reference.namespace ?? namespace;
      const isHostname = group === "networking.istio.io" && to === "Hostname";
      if (
        granted &&
        its !== namespace &&
        !grants.some((grant) => isGranted(grant, { kind, namespace }, { group, kind: to, name, namespace: its }))
      )
        return NOWHERE;
      if (!isHostname && (group !== "" || to !== "Service")) return NOWHERE;
      if (port === undefined || (isHostname ? reference.namespace !== undefined : name.includes("."))) return undefined;
      const host = isHostname ? name : hostOf(name, its);
      return { destination: { host, port: { number: port } }, missing: !hosts.has(host) };
    },
  };
}

const NOWHERE: Backend = { destination: { host: "" }, missing: true };

function isGranted(
  grant: Resource<ReferenceGrant>,
  from: { kind: string; namespace: string },
  to: { group: string; kind: string; name: string; namespace: string },
): boolean {
  const { from: sources = [], to: targets = [] } = grant.spec;
  return (
    grant.namespace === to.namespace &&
    sources.some((each) => each.group === "gateway.networking.k8s.io" && each.kind === from.kind && each.namespace === from.namespace) &&
    targets.some((each) => each.group === to.group && each.kind === to.kind && (each.name === undefined || each.name === to.name))
  );
}
