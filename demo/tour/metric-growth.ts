import { type Envoy, type Sample, samplesOf } from "../../harness/index.ts";
import { hostOf } from "../istio-names.ts";
import type { Hop } from "../recorder.ts";
import { type Service, entry, inbound, outbound, serviceOf, workloads } from "../topology.ts";
import { gather } from "../watch.ts";
import type { StepRun } from "./step.ts";

export const REQUESTS = "istio_requests_total";

/** A series of a proxy, and by how much it grew. */
export interface Grown {
  proxy: string;
  labels: Record<string, string>;
  by: number;
}

/** What requests did to all proxies: which hops they logged, and which series of Istio's counter of requests grew. */
export interface Counted {
  hops: Hop[];
  grown: Grown[];
}

export async function countedMeanwhile(step: StepRun, meanwhile: () => Promise<void>): Promise<Counted> {
  const { envoys } = step.mesh;
  const marks = new Map([...envoys].map(([name, envoy]) => [name, envoy.accessLog().length]));
  const before = await requestsOf(envoys);
  await meanwhile();
  // When all hops are logged, all are counted: one event does both.
  const hops = await gather(step.mesh, marks);
  const after = await requestsOf(envoys);
  const old = new Map(before.map(({ proxy, labels, by }) => [seriesOf(proxy, labels), by]));
  const grown = after.map((one) => ({ ...one, by: one.by - (old.get(seriesOf(one.proxy, one.labels)) ?? 0) }));
  return { hops, grown: grown.filter(({ by }) => by !== 0) };
}

/** All samples of a metric of a proxy. */
export async function samplesAt(envoy: Envoy, metric: string): Promise<Sample[]> {
  return samplesOf(await envoy.prometheus(), metric);
}

async function requestsOf(envoys: ReadonlyMap<string, Envoy>): Promise<Grown[]> {
  const all = await Promise.all(
    [...envoys].map(async ([proxy, envoy]) =>
      (await samplesAt(envoy, REQUESTS)).map(({ labels, value }): Grown => ({ proxy, labels, by: value })),
    ),
  );
  return all.flat();
}

const seriesOf = (proxy: string, labels: Record<string, string>) => JSON.stringify([proxy, labels]);

/** The hop that a series is about, by its labels alone: as the access log calls it. */
export function hopOf(labels: Record<string, string>): string {
  if (labels["reporter"] === "destination") return inbound(labels["destination_workload"] ?? "");
  const source = labels["source_workload"] ?? "";
  return source === "ingress" ? source : outbound(source, (labels["destination_service_name"] ?? "") as Service);
}

/** The host that a hop's request was for. */
export function serviceOfHop(hop: string): string {
  const [workload = "", , callee] = hop.split(" ");
  return hostOf((callee as Service | undefined) ?? (workloads.some(({ name }) => name === workload) ? serviceOf(workload) : entry));
}

/** How often each line stands in a list: `ratings inbound 200` to 3, in the order of the alphabet. */
export function tally(lines: readonly (string | readonly [string, number])[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const line of lines) {
    const [name, by] = typeof line === "string" ? ([line, 1] as const) : line;
    sums.set(name, (sums.get(name) ?? 0) + by);
  }
  return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
}
