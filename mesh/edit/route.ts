import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { fieldName } from "../../harness/cases/findings.ts";
import type { Path } from "../../harness/cases/source.ts";
import { inFull } from "../model/hosts.ts";
import type { Mesh } from "../model/mesh.ts";
import { type Delegates, MESH, type VirtualServiceEntry, delegateOf } from "../model/virtual-services.ts";
import type { Resource } from "../resources/resource.ts";
import type { HttpRoute, VirtualService } from "../resources/types/index.ts";
import { ownerOf } from "../routes/virtual-hosts.ts";

/** An http route that leads to a service. */
export interface ServiceRoute {
  /** The VirtualService in which it is written: of a delegated one, the delegate. */
  readonly resource: Resource<VirtualService>;
  /** From the resource's root: `spec.http[1]`. */
  readonly path: Path;
  readonly route: HttpRoute;
}

/** The route that a change is for, and why it and no other. */
export interface ChosenRoute extends ServiceRoute {
  readonly why: string;
  /** Other routes to the same service, which stay as they are: where, and what they are called. */
  readonly others: readonly string[];
}

/** Where to look. */
export interface Where {
  /** In which the host is called. */
  readonly namespace: string;
  readonly mesh: Mesh;
  readonly delegates: Delegates;
  /** `http[].name` [the route without a match, or the last] */
  readonly route?: string | undefined;
}

/**
 * The route of a service: in the VirtualService that its callers in a namespace heed, the one without a match or the last, or the one with a name.
 * @throws MeshscriptError MS1102 when there is none, and when nobody can tell which
 */
export function routeTo(host: string, where: Where): ChosenRoute {
  const { route: name, delegates } = where;
  const entry = virtualServiceOf(host, where);
  if (entry.source.kind !== "VirtualService") throw notSubsets(host, entry);
  const routes = routesTo(host, entry, delegates);
  const chosen = name === undefined ? (routes.find(isDefault) ?? routes.at(-1)) : routes.find(({ route }) => route.name === name);
  if (chosen === undefined) throw noRoute(host, entry, name, routes);
  const why = name !== undefined ? "as --route says" : isDefault(chosen) ? "the route without a match" : "the last route";
  return { ...chosen, why, others: routes.filter((each) => each !== chosen).map((each) => `${placeOf(each)} ${described(each)}`) };
}

/** `spec.http[1]` of `VirtualService default/reviews`, for people. */
export const described = ({ resource, path, route }: ServiceRoute): string =>
  `${nameOf(resource)}, ${fieldName(path.slice(1))}${route.name ? ` (${route.name})` : ""}`;

/** `istio/reviews.yaml:12` */
export function placeOf({ resource, path }: Pick<ServiceRoute, "resource" | "path">): string {
  const { file, line } = resource.at(path);
  return `${file}:${line ?? 1}`;
}

const nameOf = ({ namespace, name }: Resource<VirtualService>) => `VirtualService ${namespace}/${name}`;

const isDefault = ({ route }: ServiceRoute) => !route.match?.length;

/** Of whom the host is for callers in that namespace; else the only one that leads there: a gateway's has hosts of its own. */
function virtualServiceOf(host: string, { namespace, mesh, delegates }: Where): VirtualServiceEntry {
  const own = ownerOf(host, mesh.virtualServicesFor(MESH, { namespace }));
  if (own) return own;
  const leading = mesh.virtualServices.filter((each) => each.hosts.includes(host) || routesTo(host, each, delegates).length > 0);
  const [only, second] = leading;
  if (only && second === undefined) return only;
  if (only === undefined) {
    const help = `write one with \`hosts: [${host}]\` and an http route whose destinations are its subsets; -n says in whose namespace short names are`;
    throw new MeshscriptError(diagnostic("MS1102", `no VirtualService has the host ${host}, and none leads there`, { help }));
  }
  const notes = leading.map(({ resource, hosts }) => `${placeOf({ resource, path: [] })} ${nameOf(resource)} for ${hosts.join(", ")}`);
  const help = "write a VirtualService for the host itself, or give -f the one file that is meant";
  throw new MeshscriptError(diagnostic("MS1102", `several VirtualServices lead to ${host}`, { notes, help }));
}

function routesTo(host: string, { resource }: VirtualServiceEntry, delegates: Delegates): ServiceRoute[] {
  return written(resource, delegates).filter(({ route, resource: { namespace } }) =>
    (route.route ?? []).some(({ destination }) => inFull(destination.host, namespace) === host),
  );
}

/** All its http routes where they are written: for one that delegates, those of the delegate. */
function written(resource: Resource<VirtualService>, delegates: Delegates): ServiceRoute[] {
  return (resource.spec.http ?? []).flatMap((route, i): ServiceRoute[] => {
    if (route.delegate === undefined) return [{ resource, path: ["spec", "http", i], route }];
    const found = delegateOf(route, resource.namespace, delegates);
    return (found?.spec.http ?? []).map((each, k) => ({ resource: found ?? resource, path: ["spec", "http", k], route: each }));
  });
}

/** The Gateway API's routes are read as VirtualServices, but go to services: their weights are of those. */
function notSubsets(host: string, { source: { kind, namespace, name, at } }: VirtualServiceEntry): MeshscriptError {
  const help = `change the weights of its backendRefs by hand, or write a VirtualService with \`hosts: [${host}]\``;
  const message = `${kind} ${namespace}/${name} decides of ${host}, and knows no subsets`;
  return new MeshscriptError(diagnostic("MS1102", message, { location: at([]), help }));
}

function noRoute(
  host: string,
  { resource }: VirtualServiceEntry,
  name: string | undefined,
  routes: readonly ServiceRoute[],
): MeshscriptError {
  const location = resource.at(["spec", "http"], "key");
  if (name !== undefined && routes.length > 0) {
    const names = routes.flatMap(({ route }) => (route.name ? [route.name] : []));
    const help =
      names.length > 0 ? `their names: ${names.join(", ")}` : "none of them has a name: write `name:` into the one that is meant";
    const message = `no http route to ${host} in ${nameOf(resource)} has the name ${JSON.stringify(name)}`;
    return new MeshscriptError(diagnostic("MS1102", message, { location, help }));
  }
  const hosts = (resource.spec.http ?? []).flatMap(({ route = [] }) => route.map(({ destination }) => destination.host));
  const leads = [...new Set(hosts)].join(", ");
  const help = `write a route with \`destination: { host: ${host}, subset: ... }\`${leads ? `, or name whom it leads to: ${leads}` : ""}`;
  return new MeshscriptError(diagnostic("MS1102", `${nameOf(resource)} has no http route to ${host}`, { location, help }));
}
