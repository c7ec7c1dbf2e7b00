import type { Resource } from "../resources/resource.ts";
import type { PodSpec } from "../resources/types/index.ts";
import type { Labels } from "./labels.ts";
import { podLocality } from "./locality.ts";

/** What runs behind one proxy. */
export interface Workload {
  /** Unique in the mesh: `reviews-v1.default`. */
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly serviceAccount: string;
  /** What its containers say that they listen on. */
  readonly ports: readonly { number: number; name?: string }[];
  readonly type: "sidecar" | "gateway";
  /** `region/zone/subzone` */
  readonly locality?: string;
  /** Undefined for a gateway that only a `Gateway` asks for. */
  readonly resource?: Resource<unknown>;
}

/** Kinds of resources that make Pods, and where their template is. */
const TEMPLATES = new Map<string, readonly string[]>([
  ["Pod", []],
  ["Deployment", ["spec", "template"]],
  ["StatefulSet", ["spec", "template"]],
  ["DaemonSet", ["spec", "template"]],
  ["ReplicaSet", ["spec", "template"]],
]);

export const makesWorkloads = (kind: string) => TEMPLATES.has(kind);

/** The workload of a Deployment, a Pod or the like; undefined for one that asks for no sidecar. */
export function workloadOf(resource: Resource<unknown>): Workload | undefined {
  const template = (TEMPLATES.get(resource.kind) ?? []).reduce<Json | undefined>(
    (at, step) => at?.[step] as Json | undefined,
    resource.value,
  );
  const metadata = (template?.["metadata"] ?? {}) as { labels?: Labels; annotations?: Labels };
  const spec = (template?.["spec"] ?? {}) as PodSpec;
  const labels = metadata.labels ?? {};
  const { name, namespace } = resource;
  if ((labels["sidecar.istio.io/inject"] ?? metadata.annotations?.["sidecar.istio.io/inject"]) === "false") return undefined;
  const locality = podLocality(labels, spec.nodeSelector);
  const ports = (spec.containers ?? []).flatMap(({ ports = [] }) => ports);
  return {
    id: `${name}.${namespace}`,
    name,
    namespace,
    labels,
    serviceAccount: spec.serviceAccountName ?? spec.serviceAccount ?? "default",
    ports: ports.map(({ containerPort, name: called }) => ({ number: containerPort, ...(called === undefined ? {} : { name: called }) })),
    type: "sidecar",
    ...(locality === undefined ? {} : { locality }),
    resource,
  };
}

type Json = Readonly<Record<string, unknown>>;
