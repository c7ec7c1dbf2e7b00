import type { Diagnostic } from "../../diagnostics/index.ts";
import type { Resource } from "../resources/resource.ts";

export function conflicts(_resources: readonly Resource[]): Diagnostic[] {
  return [];
}
