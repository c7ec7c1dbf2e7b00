import type { RowSpec } from "./rows.ts";

/** Envoy writes the plugin's name into the metric's: `envoy_wasm_authz_vm_reload_failure`. */
const reloads = (what: string) =>
  `sum by (instance, plugin) (increase(label_replace({__name__=~"envoy_wasm_.+_vm_reload_${what}"}, "plugin", "$1", "__name__", "envoy_wasm_(.+)_vm_reload_.*")[$__rate_interval:5s]))`;

/** A gauge of each of our modules, whose name is in the metric's: `meshscript_authz_live_objects`. */
const gauges = (what: string) =>
  `max by (instance, filter) (label_replace({__name__=~"meshscript_.+_${what}"}, "filter", "$1", "__name__", "meshscript_(.+)_${what}"))`;

export const wasm: RowSpec = {
  title: "Series and wasm VMs",
  panels: [
    {
      title: "Series of istio_requests_total",
      description: "Each metric has `maxSeries` in a proxy at most; what comes above is counted under `__overflow__`.",
      unit: "short",
      queries: [{ expr: "count by (instance) (istio_requests_total)", legend: "{{instance}}" }],
    },
    {
      title: "Series by metric",
      description: "Istio's metrics and meshscript's; of a histogram, one for each set of labels.",
      unit: "short",
      queries: [{ expr: 'count by (__name__) ({__name__=~"(istio|meshscript)_.+",__name__!~".+_(bucket|sum)"})', legend: "{{__name__}}" }],
    },
    {
      title: "Requests above maxSeries",
      description: "They are counted, under labels that say `__overflow__`.",
      unit: "short",
      queries: [
        { expr: "sum by (instance) (increase(meshscript_metrics_series_overflow_total[$__rate_interval]))", legend: "{{instance}}" },
      ],
    },
    {
      title: "VMs",
      description: "Of each vm_id one for each worker, and two more.",
      unit: "short",
      queries: [{ expr: "sum by (instance) (envoy_wasm_envoy_wasm_runtime_v8_active)", legend: "{{instance}}" }],
    },
    {
      title: "VMs created",
      description: "At a start, a changed configuration, and a reload after a trap.",
      unit: "short",
      queries: [
        { expr: "sum by (instance) (increase(envoy_wasm_envoy_wasm_runtime_v8_created[$__rate_interval]))", legend: "{{instance}}" },
      ],
    },
    {
      title: "Reloads after a trap",
      description: "With failure_policy FAIL_RELOAD. Backoff: requests that met a module that is down.",
      unit: "short",
      queries: ["success", "failure", "backoff"].map((what) => ({ expr: reloads(what), legend: `${what} {{plugin}} {{instance}}` })),
    },
    {
      title: "Loads of remote modules that failed",
      unit: "short",
      queries: [{ expr: "sum by (instance) (increase(envoy_wasm_remote_load_fetch_failures[$__rate_interval]))", legend: "{{instance}}" }],
    },
    {
      title: "Linear memory",
      description: "Of a module's VM on one worker, whichever told last. It does not grow with requests. 0: no request yet.",
      unit: "bytes",
      queries: [{ expr: gauges("linear_memory_bytes"), legend: "{{filter}} {{instance}}" }],
    },
    {
      title: "Most that one callback borrowed",
      unit: "bytes",
      queries: [{ expr: gauges("arena_high_water_bytes"), legend: "{{filter}} {{instance}}" }],
    },
    {
      title: "Live objects",
      unit: "short",
      queries: [{ expr: gauges("live_objects"), legend: "{{filter}} {{instance}}" }],
    },
  ],
};
