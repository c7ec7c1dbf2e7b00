/**
 * BookInfo's shape: which workloads there are, whose version they are, and whom each calls. Sidecars, listeners, the order of the start
 * and the hops that a trace must have all follow from this table.
 */
export type Service = "productpage" | "details" | "reviews" | "ratings";

/** Who calls a service: another one, or the ingress. */
export type Caller = Service | "gateway";

export interface Workload {
  name: string;
  service: Service;
  /** Whom it may call; its sidecar has an outbound listener for each. */
  calls: readonly Service[];
}

export const workloads: readonly Workload[] = [
  { name: "productpage", service: "productpage", calls: ["details", "reviews"] },
  { name: "details", service: "details", calls: [] },
  { name: "reviews-v1", service: "reviews", calls: [] },
  { name: "reviews-v2", service: "reviews", calls: ["ratings"] },
  { name: "reviews-v3", service: "reviews", calls: ["ratings"] },
  { name: "ratings", service: "ratings", calls: [] },
];

/** The service that the ingress leads to. */
export const entry: Service = "productpage";

/** The workloads that make up a service. */
export function workloadsOf(service: Service): Workload[] {
  return workloads.filter((workload) => workload.service === service);
}

/** All that could call. */
export const callers: readonly Caller[] = ["gateway", ...new Set(workloads.map(({ service }) => service))];

/** Who calls a service: the ingress its entry, and services whom one of their workloads calls. */
export function callersOf(service: Service): Caller[] {
  return callers.filter((caller) =>
    caller === "gateway" ? service === entry : workloadsOf(caller).some(({ calls }) => calls.includes(service)),
  );
}

/** @throws when there is no such workload. */
export function serviceOf(workload: string): Service {
  const found = workloads.find(({ name }) => name === workload);
  if (found === undefined) throw new Error(`no workload ${workload}`);
  return found.service;
}

/** Workloads in the order of their start: a wave starts together, and calls only what earlier waves have started. */
export function startWaves(all: readonly Workload[] = workloads): Workload[][] {
  const waves: Workload[][] = [];
  let waiting = [...all];
  while (waiting.length > 0) {
    const missing = new Set(waiting.map(({ service }) => service));
    const wave = waiting.filter(({ calls }) => !calls.some((service) => missing.has(service)));
    if (wave.length === 0) throw new Error(`these workloads call each other in a circle: ${waiting.map(({ name }) => name).join(", ")}`);
    waves.push(wave);
    waiting = waiting.filter((workload) => !wave.includes(workload));
  }
  return waves;
}

/** A step of a request through a proxy, and the one before it. */
export interface Edge {
  hop: string;
  parent: string | undefined;
}

/** How a listener of a sidecar is called wherever hops are listed. */
export const inbound = (workload: string) => `${workload} inbound`;
export const outbound = (workload: string, callee: Service) => `${workload} outbound ${callee}`;

/**
 * The hops that a request must take through ingress and sidecars.
 *
 * @param chosen The workload that answers for a service with several versions.
 * @param calls Whom the entry's workload calls for this request [all that it may].
 */
export function expectedHops(chosen: Partial<Record<Service, string>>, calls?: readonly Service[]): Edge[] {
  const into = (service: Service, parent: string, called?: readonly Service[]): Edge[] => {
    const all = workloadsOf(service);
    const workload = all.find(({ name }) => name === chosen[service]) ?? all[0];
    if (workload === undefined) throw new Error(`no workload for ${service}`);
    const hop = inbound(workload.name);
    const onward = (called ?? workload.calls).flatMap((callee) => {
      const out = outbound(workload.name, callee);
      return [{ hop: out, parent: hop }, ...into(callee, out)];
    });
    return [{ hop, parent }, ...onward];
  };
  return [{ hop: "ingress", parent: undefined }, ...into(entry, "ingress", calls)];
}
