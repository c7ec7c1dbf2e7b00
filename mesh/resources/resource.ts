import type { SourceLocation } from "../../diagnostics/index.ts";
import { valueAt } from "../../harness/cases/findings.ts";
import type { Path, YamlSource } from "../../harness/cases/source.ts";
import { isObject } from "../../harness/envoy/builders.ts";
import { groupAndVersion } from "./kinds.ts";

/** A Kubernetes resource and where it stands. */
export interface Resource<Spec = Record<string, unknown>> {
  /** `networking.istio.io`; empty for core kinds. */
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  /** Where nothing is said, `default`, as with kubectl. */
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Empty when nothing is said. */
  readonly created: string;
  readonly spec: Spec;
  /** The whole of it. */
  readonly value: Readonly<Record<string, unknown>>;
  /** The document, and where in it this is. */
  readonly source: YamlSource;
  readonly path: Path;
  /** The place of something in it: keys and indices from its root. */
  at(path: Path, part?: "value" | "key"): SourceLocation;
}

/** The resources of a document: itself, or the items of a List. */
export function resourcesOf(source: YamlSource, path: Path = []): Resource[] {
  const read = valueAt(source.value, path);
  if (!isObject(read)) return [];
  const value = ofKubernetes(read["apiVersion"]) ? withoutNulls(read) : read;
  if (typeof value["kind"] !== "string" || typeof value["apiVersion"] !== "string") return [];
  const { kind, apiVersion, items } = value as { kind: string; apiVersion: string; items?: unknown };
  if (kind.endsWith("List") && Array.isArray(items)) return items.flatMap((_, i) => resourcesOf(source, [...path, "items", i]));
  const metadata = isObject(value["metadata"]) ? value["metadata"] : {};
  return [
    {
      group: groupAndVersion(apiVersion).group,
      kind,
      name: text(metadata["name"]),
      namespace: text(metadata["namespace"]) || "default",
      labels: texts(metadata["labels"]),
      annotations: texts(metadata["annotations"]),
      created: text(metadata["creationTimestamp"]),
      spec: isObject(value["spec"]) ? value["spec"] : {},
      value,
      source,
      path,
      at: (steps, part) => source.locate([...path, ...steps], part),
    },
  ];
}

/** Kinds of its core and of `apps`: those groups are without a dot. */
const ofKubernetes = (apiVersion: unknown) => typeof apiVersion === "string" && !groupAndVersion(apiVersion).group.includes(".");

/** Kubernetes takes a field that is null for one that is not there; what is null in a list stays, for it is an error. */
function withoutNulls<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutNulls) as T;
  if (!isObject(value) || value instanceof Date) return value;
  const said = Object.entries(value).filter(([, each]) => each !== null);
  return Object.fromEntries(said.map(([key, each]) => [key, withoutNulls(each)])) as T;
}

const text = (value: unknown): string => (typeof value === "string" ? value : value instanceof Date ? value.toISOString() : "");

function texts(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

/**
 * As Istio orders what competes: the older first, and of the same age by name, then namespace. It makes the result the same for any order of
 * files.
 */
export function byAge(a: Resource<unknown>, b: Resource<unknown>): number {
  return compare(a.created, b.created) || compare(a.name, b.name) || compare(a.namespace, b.namespace);
}

export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
