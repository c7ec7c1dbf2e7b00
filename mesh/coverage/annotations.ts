import type { Path } from "../../harness/cases/source.ts";
import { isObject } from "../../harness/envoy/builders.ts";
import type { Resource } from "../resources/resource.ts";

/** Annotations of Istio's that are read, or that only people and tools read. */
const READ = new Set([
  "networking.istio.io/exportTo",
  "networking.istio.io/traffic-distribution",
  "sidecar.istio.io/inject",
  "inject.istio.io/templates",
  "istio.io/dry-run",
  "istio.io/rev",
]);

/** Where a resource has annotations: its own, and those of the Pods that it makes. */
const PLACES: readonly Path[] = [
  ["metadata", "annotations"],
  ["spec", "template", "metadata", "annotations"],
];

/** Paths of annotations of Istio's that nothing here reads. Others are not for the mesh. */
export function unknownAnnotations({ value }: Resource): Path[] {
  return PLACES.flatMap((place) => {
    const annotations = place.reduce<unknown>((at, step) => (isObject(at) ? at[step] : undefined), value);
    if (!isObject(annotations)) return [];
    return Object.keys(annotations)
      .filter((name) => /(^|\.)istio\.io\//.test(name) && !READ.has(name))
      .map((name) => [...place, name]);
  });
}
