import { expect } from "vitest";
import { eventually } from "../../../harness/expect/index.ts";
import type { Target } from "../../../harness/index.ts";
import { filterModule } from "../../../test/support/build-once.ts";
import { type MetricsConfig, standardLabels } from "../config.ts";

/** The path of metrics.wasm, built from the sources as they are. */
export function metricsModule(): Promise<string> {
  return filterModule("metrics");
}

export type Labels = Record<string, string>;
export interface Series {
  labels: Labels;
  count: number;
}

/** Series of a metric as they are now. */
export async function seriesOf(target: Target, metric: string): Promise<Series[]> {
  const stats = await target.stats(`^wasmcustom\\.(.*;\\.;)?${metric}$`);
  return [...stats].map(([name, count]) => {
    const pairs = name.slice("wasmcustom.".length).split(";.;").slice(0, -1);
    return { labels: Object.fromEntries(pairs.map((pair) => pair.split("=.=") as [string, string])), count };
  });
}

/** The same when they sum up to `total`: Envoy counts behind the answer. */
export function counted(target: Target, total: number, metric = "istio_requests_total"): Promise<Series[]> {
  return eventually(async () => {
    const all = await seriesOf(target, metric);
    expect(all.reduce((sum, { count }) => sum + count, 0)).toBe(total);
    return all;
  });
}

export const workload: NonNullable<MetricsConfig["workload"]> = {
  name: "reviews-v1",
  namespace: "default",
  app: "reviews",
  version: "v1",
  canonicalService: "reviews-service",
  canonicalRevision: "r1",
  cluster: "c1",
};
export const service = "reviews.default.svc.cluster.local";
/** A request without anything, for which nothing is known. */
export const nobody: Labels = {
  ...Object.fromEntries(standardLabels.map((label) => [label, "unknown"])),
  ...{ source_canonical_revision: "latest", destination_canonical_revision: "latest" },
  ...{ request_protocol: "http", response_flags: "-", response_code: "200", grpc_response_status: "" },
};
export const ownAs = (side: "source" | "destination"): Labels => ({
  [`${side}_workload`]: "reviews-v1",
  [`${side}_workload_namespace`]: "default",
  [`${side}_app`]: "reviews",
  [`${side}_version`]: "v1",
  [`${side}_canonical_service`]: "reviews-service",
  [`${side}_canonical_revision`]: "r1",
  [`${side}_cluster`]: "c1",
});
export const served: Labels = {
  destination_service: service,
  destination_service_name: "reviews",
  destination_service_namespace: "default",
};
