import type { ConfigObject } from "../../harness/envoy/types.ts";
import { envoyDuration } from "../model/durations.ts";
import type { ConsistentHash, LoadBalancer } from "../resources/types/index.ts";

/** Envoy's `lb_policy` and its settings. Istio's own choice is LEAST_REQUEST. */
export function loadBalancer(settings: LoadBalancer = {}): ConfigObject {
  if (settings.consistentHash) return consistentHash(settings.consistentHash);
  switch (settings.simple) {
    case "RANDOM":
      return { lb_policy: "RANDOM" };
    case "ROUND_ROBIN":
      return { lb_policy: "ROUND_ROBIN", ...slowStart("round_robin_lb_config", settings) };
    default:
      return { lb_policy: "LEAST_REQUEST", ...slowStart("least_request_lb_config", settings) };
  }
}

/** A ring has at least 1024 places where nothing is said of it. */
function consistentHash({ maglev, ringHash, minimumRingSize }: ConsistentHash): ConfigObject {
  if (maglev) return { lb_policy: "MAGLEV", ...(maglev.tableSize ? { maglev_lb_config: { table_size: maglev.tableSize } } : {}) };
  const size = ringHash ? ringHash.minimumRingSize : minimumRingSize || 1024;
  return { lb_policy: "RING_HASH", ...(size ? { ring_hash_lb_config: { minimum_ring_size: size } } : {}) };
}

/** New endpoints get their share little by little. */
function slowStart(field: string, { warmup, warmupDurationSecs }: LoadBalancer): ConfigObject {
  if (warmup) {
    const config = {
      slow_start_window: envoyDuration(warmup.duration),
      // The key is of no use here; Envoy demands one.
      aggression: { default_value: warmup.aggression ?? 1, runtime_key: "(" },
      min_weight_percent: { value: warmup.minimumPercent ?? 10 },
    };
    return { [field]: { slow_start_config: config } };
  }
  return warmupDurationSecs ? { [field]: { slow_start_config: { slow_start_window: envoyDuration(warmupDurationSecs) } } } : {};
}
