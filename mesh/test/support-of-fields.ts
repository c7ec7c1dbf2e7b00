import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readYamlDocuments } from "../../harness/cases/source.ts";
import { packageRoot } from "../../harness/provision/cache.ts";
import { compile } from "../compile.ts";
import { usesOf } from "../coverage/paths.ts";
import { type Resource, resourcesOf } from "../resources/resource.ts";

const folder = join(packageRoot(), "mesh/test/fixtures/fields");
const read = (name: string) => readFileSync(join(folder, `${name}.yaml`), "utf8");

/** Plain resources of a text, each a value of its own that may be changed. */
export const parse = (text: string, file = "mesh.yaml"): Resource[] =>
  readYamlDocuments(text, file, "MS0914").flatMap((source) => resourcesOf(source));

/** Kinds with a fixture that uses every supported field. */
export const kindsWithFixture = () =>
  readdirSync(folder)
    .map((file) => file.replace(/\.yaml$/, ""))
    .filter((name) => name !== "world");

/** Two APIs have a Gateway; Istio calls the other one this. */
export const fixtureName = ({ group, kind }: { group: string; kind: string }) =>
  group === "gateway.networking.k8s.io" && kind === "Gateway" ? "KubernetesGateway" : kind;

/** A kind's fixture, in the world that all share. */
export const fixture = (kind: string): Resource[] => [...parse(read("world"), "world.yaml"), ...parse(read(kind), `${kind}.yaml`)];

/** Everything that proxies would be given, as one text. */
export function compiled(resources: readonly Resource[]): string {
  const { proxies, endpoints } = compile(resources);
  const own = [...proxies].map(([id, { node, listeners, clusters, routes, targets, credentials }]) => ({
    id,
    node,
    listeners,
    clusters,
    routes,
    targets,
    credentials,
  }));
  return JSON.stringify([own, [...endpoints]]);
}

/**
 * What comes of taking a field out of a resource that has it: whether some resource has it, and whether the proxies then get something else. That
 * nothing can be compiled without it counts, too.
 */
export function effectOf(resources: readonly Resource[], kind: string, group: string, path: string, whole = compiled(resources)) {
  let present = false;
  for (const [index, resource] of resources.entries()) {
    if (resource.kind !== kind || resource.group !== group) continue;
    for (const use of usesOf(resource.value, path)) {
      present = true;
      const value = without(resource.value, use.path);
      const changed = { ...resource, value, spec: (value["spec"] ?? {}) as Record<string, unknown> };
      if (differs(resources.with(index, changed), whole)) return { present, effective: true };
    }
  }
  return { present, effective: false };
}

function differs(resources: readonly Resource[], whole: string): boolean {
  try {
    return compiled(resources) !== whole;
  } catch {
    return true;
  }
}

function without(value: Resource["value"], path: readonly (string | number)[]): Record<string, unknown> {
  const copy = structuredClone(value) as Record<string, unknown>;
  const parent = path
    .slice(0, -1)
    .reduce<Record<string | number, unknown>>((at, step) => at[step] as Record<string | number, unknown>, copy);
  delete parent[path.at(-1) ?? ""];
  return copy;
}
