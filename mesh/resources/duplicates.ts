import { type Diagnostic, diagnostic, place } from "../../diagnostics/index.ts";
import type { Path } from "../../harness/cases/source.ts";
import type { Resource } from "./resource.ts";

/** What an API server has only one of: a resource of a kind and name in a namespace, and a port of a service. */
export function duplicates(resources: readonly Resource[]): Diagnostic[] {
  const seen = new Map<string, Resource>();
  return resources.flatMap((resource) => {
    const { group, kind, namespace, name } = resource;
    const key = [group, kind, namespace, name].join("/");
    const first = seen.get(key);
    seen.set(key, first ?? resource);
    const twice =
      first === undefined ? [] : [again(resource, ["metadata", "name"], `${kind} ${namespace}/${name}`, first, ["metadata", "name"])];
    return [...twice, ...ports(resource)];
  });
}

/** Of a Service and a ServiceEntry. https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/ */
function ports(resource: Resource): Diagnostic[] {
  const isService = resource.group === "" && resource.kind === "Service";
  if (!isService && !(resource.group === "networking.istio.io" && resource.kind === "ServiceEntry")) return [];
  const field = isService ? "port" : "number";
  const seen = new Map<string, number>();
  return ((resource.spec["ports"] ?? []) as Record<string, unknown>[]).flatMap((port, i) => {
    const key = `${String(port[field])}${isService && port["protocol"] === "UDP" ? "/UDP" : ""}`;
    const first = seen.get(key);
    seen.set(key, first ?? i);
    return first === undefined
      ? []
      : [again(resource, ["spec", "ports", i, field], `port ${key}`, resource, ["spec", "ports", first, field])];
  });
}

function again(resource: Resource, path: Path, what: string, other: Resource, at: Path): Diagnostic {
  return diagnostic("MS0914", `${what} is there twice`, {
    location: resource.at(path),
    notes: [`${place(other.at(at)).replace(/: $/, "")}: the first`],
    help: "take one of the two out, or give it a name of its own",
  });
}
