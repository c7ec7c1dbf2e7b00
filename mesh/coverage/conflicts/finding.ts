import { type Diagnostic, diagnostic, place } from "../../../diagnostics/index.ts";
import type { Path } from "../../../harness/cases/source.ts";
import type { Resource } from "../../resources/resource.ts";

type Any = Resource<unknown>;

/** `VirtualService default/reviews` */
export const called = ({ kind, namespace, name }: Any) => `${kind} ${namespace}/${name}`;

/** A note that says where something else is. */
export const seen = (what: string, resource: Any, path: Path) =>
  `${place(resource.at(path)).replace(/: $/, "")}: ${what} ${called(resource)}`;

/** A warning MS1003 at a place of a resource; the others stand in notes. */
export function conflict(resource: Any, path: Path, message: string, { help, notes = [] }: { help: string; notes?: string[] }): Diagnostic {
  return diagnostic("MS1003", `${called(resource)}: ${message}`, { location: resource.at(path), help, notes });
}
