import type { SourceLocation } from "../../diagnostics/index.ts";
import type { Path } from "../../harness/cases/source.ts";
import type { Resource } from "./resource.ts";

/** Where the author of a route wrote it. A symbol: it is copied with the route, and no part of its JSON. */
export const ORIGIN: unique symbol = Symbol("origin");

export interface HasOrigin {
  readonly [ORIGIN]?: string;
}

/** `VirtualService default/reviews spec.http.0.match.1`: what Envoy carries along, for texts that say why a request went where it did. */
export function originOf({ kind, namespace, name }: Resource<unknown>, path: Path): string {
  return `${kind} ${namespace}/${name} ${path.join(".")}`;
}

/** What `originOf` made, read again. */
export interface Origin {
  readonly resource: Resource<unknown>;
  readonly path: Path;
  /** `http[0].match[1]` */
  readonly rule: string;
  readonly location: SourceLocation;
}

/** @returns undefined for text that is no origin, and for resources that are not there any more */
export function readOrigin(text: string, resources: readonly Resource<unknown>[]): Origin | undefined {
  const [, kind, namespace, name, steps] = /^(\S+) ([^/\s]+)\/(\S+) (\S+)$/.exec(text) ?? [];
  const resource = resources.find((each) => each.kind === kind && each.namespace === namespace && each.name === name);
  if (resource === undefined || steps === undefined) return undefined;
  return originIn(
    resource,
    steps.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step)),
  );
}

/** A place in a resource. */
export function originIn(resource: Resource<unknown>, path: Path): Origin {
  const words = path.filter((step) => step !== "spec");
  const rule = words.map((step, i) => (typeof step === "number" ? `[${step}]` : `${i > 0 ? "." : ""}${step}`)).join("");
  return { resource, path, rule, location: resource.at(path) };
}
