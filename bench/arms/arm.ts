import type { FilterSpec, HttpListenerOptions } from "../../harness/index.ts";

/** What shows that an arm did its job: one request more, and what it must lead to. */
export interface Evidence {
  /** Sent beside or instead of the arm's own headers [those]. */
  headers?: Readonly<Record<string, string>>;
  /** [the arm's] */
  status?: number;
  /** Headers of the answer. */
  answer?: Readonly<Record<string, RegExp>>;
  /** Counters of Envoy, by a pattern: together they grow by that request. */
  stats?: readonly string[];
}

/** A request of the benchmark. */
export interface Shape {
  path: string;
  headers: readonly (readonly [string, string])[];
}

/** One listener, and the request that it gets. */
export interface Arm {
  name: string;
  request: Shape;
  /** All answers have it. */
  status: number;
  evidence: readonly Evidence[];
  /** [none] */
  filters?: readonly FilterSpec[];
  /** Of the listener [none]. */
  accessLog?: HttpListenerOptions["accessLog"];
}
