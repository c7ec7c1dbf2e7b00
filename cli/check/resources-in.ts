import { type Diagnostic, diagnostic } from "../../diagnostics/index.ts";
import { valueAt } from "../../harness/cases/findings.ts";
import { type Path, type YamlSource, readYamlDocuments } from "../../harness/cases/source.ts";
import { isObject } from "../../harness/envoy/builders.ts";

import { shown } from "../../harness/schema/mistake.ts";

/** A Kubernetes resource in a file. */
export interface Resource {
  source: YamlSource;
  path: Path;
  value: Record<string, unknown> & Names;
}

/** By which a resource is known. */
interface Names {
  apiVersion: string;
  kind: string;
}

/** What is in a file of resources: those that say what they are, and a finding for each that does not. */
export interface Resources {
  named: Resource[];
  nameless: Diagnostic[];
}

/** What is in a file of Kubernetes resources, several of which may be in one; undefined for any other file, and for what is no YAML. */
export function resourcesIn(text: string, file: string): Resources | undefined {
  // Most files have no such word, and are not read twice.
  if (!/\bapiVersion\b/.test(text)) return undefined;
  const documents = documentsOf(text, file);
  if (!documents || !areResources(documents)) return undefined;
  const all = documents.flatMap((source) => placesIn(source, []));
  return { named: all.filter(isNamed), nameless: all.flatMap((place) => (isNamed(place) ? [] : missing(place))) };
}

function documentsOf(text: string, file: string): YamlSource[] | undefined {
  try {
    // Comments between two lines of `---` are no document.
    return readYamlDocuments(text, file, "MS0902").filter(({ value }) => value !== null && value !== undefined);
  } catch (error) {
    // Of one document the usual reader says it better.
    if (/^---(\s|$)/m.test(text)) throw error;
    return undefined;
  }
}

/** Several documents are nothing else when one is a resource; a single one may be somebody's configuration, which can have either name. */
function areResources(documents: readonly YamlSource[]): boolean {
  if (documents.length === 1) return documents.every(({ value }) => isResource(value));
  return documents.some(({ value }) => isObject(value) && "apiVersion" in value);
}

function isResource(value: unknown): value is Resource["value"] {
  return isObject(value) && typeof value["apiVersion"] === "string" && typeof value["kind"] === "string";
}

/** Where a resource is expected. */
interface Place {
  source: YamlSource;
  path: Path;
  value: unknown;
}

function isNamed(place: Place): place is Resource {
  return isResource(place.value);
}

/** @param names of what is there and says neither itself */
function placesIn(source: YamlSource, path: Path, names?: Names): Place[] {
  const own = valueAt(source.value, path);
  const value = names && isObject(own) && !("apiVersion" in own) && !("kind" in own) ? { ...own, ...names } : own;
  if (!isResource(value) || !value.kind.endsWith("List") || !Array.isArray(value["items"])) return [{ source, path, value }];
  // What is in a PodList is a Pod; what is in a List says itself what it is.
  const kind = value.kind.slice(0, -"List".length);
  const inside = kind === "" ? undefined : { apiVersion: value.apiVersion, kind };
  return value["items"].flatMap((_, i) => placesIn(source, [...path, "items", i], inside));
}

function missing({ source, path, value }: Place): Diagnostic[] {
  const finding = (message: string, field: Path = []) =>
    diagnostic("MS0915", message, {
      location: source.locate([...path, ...field]),
      help: "every document, and every item of a List, needs `apiVersion` and `kind`",
    });
  if (!isObject(value)) return [finding(`${shown(value)}, where a resource is expected`)];
  const names = ["apiVersion", "kind"];
  const absent = names.filter((name) => value[name] === undefined);
  const wrong = names.filter((name) => value[name] !== undefined && typeof value[name] !== "string");
  return [
    ...(absent.length === 0 ? [] : [finding(`a resource without ${absent.join(" and ")}`)]),
    ...wrong.map((name) => finding(`${name} must be a string, got ${shown(value[name])}`, [name])),
  ];
}
