import type { FilterSpec, HttpListenerOptions } from "../../harness/index.ts";
import type { Evidence, Shape } from "./arm.ts";

/** Who does a feature's work. */
export type Maker = "ours" | "rust" | "native";

/** How a feature is done by one of them. */
export interface Way {
  /** A wasm filter's configuration. */
  config?: unknown;
  /** Envoy's own filters. */
  filters?: readonly FilterSpec[];
  accessLog?: HttpListenerOptions["accessLog"];
  evidence: readonly Evidence[];
}

/** What a request may meet, and the same of each maker. */
export interface Scenario {
  request: Shape;
  status: number;
  ways: Partial<Record<Maker, Way>>;
}

/** What a filter of ours does. The scenario `allow` is its part in a chain. */
export interface Feature {
  name: string;
  scenarios: Readonly<Record<string, Scenario>> & { allow: Scenario };
}
