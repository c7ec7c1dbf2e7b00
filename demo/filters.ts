import { join } from "node:path";
import { type WasmFilterSpec, packageRoot } from "../harness/index.ts";
import { TRUST_DOMAIN } from "./identities.ts";
import { hostOf, workloadLabels } from "./istio-names.ts";
import { callersPolicy } from "./policies.ts";
import { USER } from "./services/app.ts";
import { type Service, serviceOf } from "./topology.ts";

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
  /** It tells callers apart by their certificates: where proxies have none, it sits nowhere. */
  needsIdentities?: true;
  /** Headers that it adds to responses, for the access logs of all who hand them on. */
  tells?: readonly string[];
}

/** Envoy's cluster of the collector of spans. */
export const COLLECTOR = "collector";

/** How often a user may ask for ratings: few enough to reach it with curl, and one comes back every twelve seconds. */
export const RATINGS_LIMIT = { name: "per-user", requests: 5, per: "1m" } as const;

/** How long ratings keeps jason waiting, who is BookInfo's own: long enough to feel it with curl. */
export const JASON_WAITS_MS = 700;

/**
 * All filters of the demo, in the order of the chain. A new filter needs an entry here and its steps in `tour/<name>.ts`; a test
 * proves that the tour fails without it.
 */
export const filters: readonly DemoFilter[] = [
  {
    // First of all: who is refused by a filter behind it gets to know who answered, too, and nothing of the mesh leaves at the ingress.
    name: "peer-metadata",
    where: "everywhere",
    needsIdentities: true,
    configure: (place) => ({
      direction: place.at === "inbound" ? "inbound" : "outbound",
      workload: workloadLabels(place.at === "ingress" ? undefined : place.workload),
    }),
  },
  {
    name: "tracing",
    where: "everywhere",
    // The ingress tells the client its trace in Server-Timing.
    configure: ({ at }) => (at === "ingress" ? { response: { serverTiming: true } } : {}),
  },
  {
    // In front of what is dear; behind tracing, so that what it refuses has its span.
    name: "authz",
    where: "in front of each workload: for who calls it in topology.ts, and for nobody else",
    needsIdentities: true,
    configure: (place) => {
      if (place.at !== "inbound") return undefined;
      return { trustDomain: TRUST_DOMAIN, matching: "strict", policies: [callersPolicy(serviceOf(place.workload))] };
    },
  },
  {
    name: "ratelimit",
    where: `in front of ratings: ${RATINGS_LIMIT.requests} a minute for each ${USER}`,
    configure: (place) => {
      if (place.at !== "inbound" || place.workload !== "ratings") return undefined;
      // Who says no name is not limited, so that a look at the page costs nobody anything. Where names matter, `deny` it.
      return { limits: [{ ...RATINGS_LIMIT, key: [{ header: USER, onMissing: "skip" }] }] };
    },
    tells: ["ratelimit", "ratelimit-policy", "retry-after"],
  },
  {
    // Right in front of what it is to stand for: there the caller's Envoy takes a fault for the service's own, and tries again.
    name: "fault-injection",
    where: `in front of ratings: ${USER} jason waits ${JASON_WAITS_MS} ms, and the first attempts for rita fail`,
    configure: (place) => {
      if (place.at !== "inbound" || place.workload !== "ratings") return undefined;
      return {
        faults: [
          { name: "slow-for-jason", when: [{ header: USER, prefix: "jason" }], delay: { fixed: `${JASON_WAITS_MS}ms` } },
          { name: "first-attempt", when: [{ header: USER, prefix: "rita" }], attempt: { number: 1 }, abort: { status: 503 } },
        ],
        responseHeader: "x-fault",
      };
    },
    tells: ["x-fault"],
  },
  {
    // It hears of each request when it is over: also of those that a filter before it answered.
    name: "metrics",
    where: "everywhere",
    configure: (place) => {
      const workload = workloadLabels(place.at === "ingress" ? undefined : place.workload);
      return place.at === "inbound"
        ? { reporter: "destination", workload, service: hostOf(serviceOf(place.workload)), peerMetadata: true }
        : { reporter: "source", workload, peerMetadata: true };
    },
  },
];

/** The same, with spans that every proxy sends to a collector: Envoy's cluster `collector`. */
export function exporting(all: readonly DemoFilter[], format: "zipkin" | "otlp"): DemoFilter[] {
  const configure = (filter: DemoFilter) => (place: Place) => ({
    ...filter.configure(place),
    export: { format, cluster: COLLECTOR, interval: "200ms" },
  });
  return all.map((filter) => (filter.name === "tracing" ? { ...filter, configure: configure(filter) } : filter));
}

/** The chain at one place. */
export function chainAt(place: Place, chosen: readonly DemoFilter[]): WasmFilterSpec[] {
  return chosen.flatMap(({ name, configure }) => {
    const config = configure(place);
    return config === undefined ? [] : [{ name, wasm: join(packageRoot(), "build", `${name}.wasm`), config }];
  });
}

/** How filters are loaded: all of a chain as parts of one module in one VM, or each with a module and VM of its own, whose traps are its own. */
export type Loading = "fused" | "isolated";

/** A chain as a listener loads it. */
export function loaded(chain: readonly WasmFilterSpec[], loading: Loading): WasmFilterSpec[] {
  if (loading === "isolated" || chain.length === 0) return [...chain];
  const parts = chain.map(({ name, config }) => ({ name, config }));
  return [{ name: "mesh", wasm: join(packageRoot(), "build", "mesh.wasm"), config: { filters: parts } }];
}

/** What each filter writes down per request (`wasm.meshscript.<filter>`), as fields of the access log. Absent filters leave no field. */
export function verdictFields(): Record<string, string> {
  return Object.fromEntries(filters.map(({ name }) => [name, `%FILTER_STATE(wasm.meshscript.${name}:PLAIN)%`]));
}

const TOLD = "told_";

/** What filters tell clients in headers, as fields of the access log. */
export function toldFields(): Record<string, string> {
  const headers = filters.flatMap(({ tells = [] }) => tells);
  return Object.fromEntries(headers.map((name) => [`${TOLD}${name}`, `%RESP(${name})%`]));
}

/** The header of an access log's field; undefined for a field that is of no header. */
export function toldHeader(field: string): string | undefined {
  return field.startsWith(TOLD) ? field.slice(TOLD.length) : undefined;
}
