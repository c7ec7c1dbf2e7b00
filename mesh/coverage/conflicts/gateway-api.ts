import type { Diagnostic } from "../../../diagnostics/index.ts";
import { type Attachment, attachmentsOf, isService, isServiceEntry } from "../../gateway-api/attachments.ts";
import { type Backends, backendsOf } from "../../gateway-api/backends.ts";
import { CONTROLLER, GROUP, isIstios } from "../../gateway-api/classes.ts";
import type { ListenerEntry } from "../../gateway-api/listeners.ts";
import { hostOf } from "../../model/hosts.ts";
import type { Mesh } from "../../model/mesh.ts";
import { MESH } from "../../model/virtual-services.ts";
import type { Resource } from "../../resources/resource.ts";
import type {
  BackendReference,
  KubernetesGateway,
  KubernetesGatewayClass,
  ParentReference,
  ReferenceGrant,
  Route,
} from "../../resources/types/index.ts";
import { conflict } from "./finding.ts";

type AnyRoute = Resource<Route<{ backendRefs?: BackendReference[] }>>;

const KINDS = ["HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute"];

/** Gateways that nobody serves, routes that nothing leads to, and backends that are not there. */
export function gatewayApiConflicts(resources: readonly Resource[], mesh: Mesh): Diagnostic[] {
  const of = <Spec>(kind: string) => resources.filter((each) => each.group === GROUP && each.kind === kind) as unknown as Resource<Spec>[];
  const classes = of<KubernetesGatewayClass>("GatewayClass");
  const gateways = of<KubernetesGateway>("Gateway");
  const listeners = mesh.gateways.filter((each): each is ListenerEntry => "listener" in each);
  const routes = KINDS.flatMap((kind) => of<AnyRoute["spec"]>(kind));
  return [
    ...gateways.filter((gateway) => !isIstios(gateway, classes)).map(unserved),
    ...routes.flatMap((route) => {
      const attachments = attachmentsOf(route, listeners);
      return (route.spec.parentRefs ?? []).flatMap((ref, i) => unattached(route, ref, i, attachments, gateways, mesh));
    }),
    ...routes.flatMap((route) => {
      const known = { hosts: new Set(mesh.services.map(({ host }) => host)), grants: of<ReferenceGrant>("ReferenceGrant") };
      const atGateways = attachmentsOf(route, listeners).some(({ gateway }) => gateway !== MESH);
      return missingBackends(route, backendsOf(route, known, atGateways));
    }),
  ];
}

function unserved(gateway: Resource<KubernetesGateway>): Diagnostic {
  const { gatewayClassName: name } = gateway.spec;
  return conflict(gateway, ["spec", "gatewayClassName"], `no GatewayClass ${name} is Istio's: nobody serves this Gateway`, {
    help: `write \`istio\`, or add the GatewayClass with \`controllerName: ${CONTROLLER}\``,
  });
}

function unattached(
  route: AnyRoute,
  ref: ParentReference,
  index: number,
  attachments: readonly Attachment[],
  gateways: readonly Resource<KubernetesGateway>[],
  mesh: Mesh,
): Diagnostic[] {
  const its = ref.namespace ?? route.namespace;
  const path = ["spec", "parentRefs", index];
  const help = "write the name of one that is there, and its namespace where it is another";
  if (isService(ref)) {
    if (mesh.services.some(({ host }) => host === hostOf(ref.name, its))) return [];
    return [conflict(route, path, `there is no Service ${its}/${ref.name}: its rules are for nobody's requests`, { help })];
  }
  if (isServiceEntry(ref) || attachments.some(({ reference }) => reference === ref)) return [];
  const gateway = gateways.find(({ name, namespace }) => name === ref.name && namespace === its);
  if (gateway === undefined) return [conflict(route, path, `there is no Gateway ${its}/${ref.name}: nothing comes in by it`, { help })];
  return [
    conflict(route, path, `no listener of the Gateway ${its}/${ref.name} takes it: nothing comes in by it`, {
      help: "compare its namespace, hostnames, kind, `sectionName` and `port` with the listeners' `allowedRoutes`, `hostname`, `protocol`, `name` and `port`",
    }),
  ];
}

function missingBackends(route: AnyRoute, backends: Backends): Diagnostic[] {
  return (route.spec.rules ?? []).flatMap(({ backendRefs = [] }, r) =>
    backendRefs.flatMap((ref, b) => {
      const found = backends.destinationOf(ref);
      if (!found?.missing) return [];
      const { host } = found.destination;
      const what = host === "" ? forbidden(route, ref) : missing(host);
      return what ? [conflict(route, ["spec", "rules", r, "backendRefs", b, "name"], what.message, { help: what.help })] : [];
    }),
  );
}

const missing = (host: string) => ({
  message: `there is no service ${host}: requests to it are answered with 500`,
  help: "add it to the resources, or correct the name",
});

/** Of a kind that is none, something else has been said. */
function forbidden({ kind, namespace }: AnyRoute, { name, namespace: its = namespace }: BackendReference) {
  if (its === namespace) return undefined;
  return {
    message: `no ReferenceGrant in ${its} lets it refer to ${name}: requests to it are answered with 500`,
    help: `add one to the namespace ${its}: from a ${kind} of the namespace ${namespace}, to a Service`,
  };
}
