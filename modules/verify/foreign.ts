import type { FunctionType } from "../wasm/types.ts";

const plain = new Set(["i32", "i64", "f32", "f64"]);

/**
 * Types in a signature that must not cross the border. Envoy's V8 is driven through its C API, which ends the process on v128
 * (`ValKind` has no such value); references have no meaning to the host.
 */
export function foreignTypes(type: FunctionType): string[] {
  return [...new Set([...type.params, ...type.results].filter((t) => !plain.has(t)))];
}
