import { standardLabels } from "./config.ts";

/** Cuts a label out of a stat's name; Envoy takes the first group out of it, and the second is the label's value. */
export interface StatsTag {
  tag_name: string;
  regex: string;
}

/** What a bootstrap's `stats_config` needs, so that /stats/prometheus has our metrics with labels. */
export interface StatsConfig {
  [field: string]: unknown;
  stats_tags: StatsTag[];
  histogram_bucket_settings: { match: { suffix: string }; buckets: number[] }[];
}

/** Labels of the other filters' metrics, which are written the same way; authz, ratelimit and fault-injection have one each. */
export const filterLabels = ["policy", "limit", "fault"] as const;

/** Prometheus's buckets, by the end of the metric's name; without them Envoy's own, which begin at half a millisecond and end at an hour. */
const buckets: StatsConfig["histogram_bucket_settings"] = [
  { match: { suffix: "istio_request_duration_milliseconds" }, buckets: [1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000] },
  { match: { suffix: "_bytes" }, buckets: [1, 8, 64, 512, 4096, 32768, 262144, 2097152, 16777216] },
];

/**
 * `stats_config` for a plain Envoy; in Istio `extraStatTags()` does this.
 *
 * @param extraLabels Labels of metrics of one's own, and of other filters: `[...filterLabels, "tenant"]` [none].
 * @example
 * bootstrap({ bootstrap: { stats_config: statsConfig(filterLabels) } });
 */
export function statsConfig(extraLabels: readonly string[] = []): StatsConfig {
  // Not in the midst of a longer label: `code=.=` is the end of `response_code=.=`, too. What stands before the first group stays. With a `^` and a
  // word in front Envoy asks only names that begin with the word, instead of each of the hundred that a cluster has: RATIONALE has the numbers.
  const stats_tags = unique([...standardLabels, ...extraLabels]).map((name) => ({
    tag_name: name,
    regex: `^wasmcustom\\.(?:.*?[.;])?(${name}=\\.=(.*?);\\.;)`,
  }));
  return { stats_tags, histogram_bucket_settings: buckets };
}

/** The same with `wasm_filter`, by which other filters say whose a counter is. Istio has that tag already. */
export function statsConfigOfAllFilters(extraLabels: readonly string[] = []): StatsConfig {
  const config = statsConfig([...filterLabels, ...extraLabels]);
  return { ...config, stats_tags: [{ tag_name: "wasm_filter", regex: "^wasmcustom\\.(wasm_filter\\.(.+?)\\.)" }, ...config.stats_tags] };
}

/** Names for Istio's `proxyConfig.extraStatTags`, or the annotation `sidecar.istio.io/extraStatTags`, which wants them with commas between. */
export function extraStatTags(extraLabels: readonly string[] = []): string[] {
  return unique([...standardLabels, ...filterLabels, ...extraLabels]);
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
