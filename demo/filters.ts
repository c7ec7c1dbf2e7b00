import { join } from "node:path";
import { type WasmFilterSpec, packageRoot } from "../harness/index.ts";
import type { Service } from "./topology.ts";

/** A filter chain of the demo: the ingress, a sidecar's inbound listener, or one of its outbound listeners. */
export type Place = { at: "ingress" } | { at: "inbound"; workload: string } | { at: "outbound"; workload: string; callee: Service };

/** A filter that the demo shows. */
export interface DemoFilter {
  /** The name of its folder and of its module. */
  name: string;
  /** Where it sits, for a person. */
  where: string;
  /** Its configuration at a place; undefined where it does not sit. */
  configure: (place: Place) => object | undefined;
}

/**
 * All filters of the demo, in the order of the chain. A new filter needs an entry here and its steps in `tour/<name>.ts`; a test
 * proves that the tour fails without it.
 */
export const filters: readonly DemoFilter[] = [
  {
    name: "tracing",
    where: "everywhere",
    // The ingress tells the client its trace in Server-Timing.
    configure: ({ at }) => (at === "ingress" ? { response: { serverTiming: true } } : {}),
  },
];

/** The chain at one place. */
export function chainAt(place: Place, chosen: readonly DemoFilter[]): WasmFilterSpec[] {
  return chosen.flatMap(({ name, configure }) => {
    const config = configure(place);
    return config === undefined ? [] : [{ name, wasm: join(packageRoot(), "build", `${name}.wasm`), config }];
  });
}

/** What each filter writes down per request (`wasm.meshscript.<filter>`), as fields of the access log. Absent filters leave no field. */
export function verdictFields(): Record<string, string> {
  return Object.fromEntries(filters.map(({ name }) => [name, `%FILTER_STATE(wasm.meshscript.${name}:PLAIN)%`]));
}
