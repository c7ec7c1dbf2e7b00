import { STATUS_CODES } from "node:http";
import type { ConfigObject } from "../../harness/envoy/types.ts";
import { envoyDuration } from "../model/durations.ts";
import type { HttpRetry } from "../resources/types/index.ts";

const DEFAULT_ON = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes";
const OTHER_HOSTS = [
  {
    name: "envoy.retry_host_predicates.previous_hosts",
    typed_config: { "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate" },
  },
];
const OTHER_LOCALITIES = {
  name: "envoy.retry_priorities.previous_priorities",
  typed_config: {
    "@type": "type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
    update_frequency: 2,
  },
};

/**
 * Istio retries twice where nothing is said, and never with `attempts: 0`. Numbers in `retryOn` are statuses.
 * @param hashed The host is chosen by a hash: another host would be the wrong one.
 */
export function retryPolicy(retries: HttpRetry | undefined, hashed: boolean): ConfigObject | undefined {
  if (retries !== undefined && (retries.attempts ?? 0) <= 0) return undefined;
  const words = (retries?.retryOn ?? "").split(",").map((word) => word.trim());
  const codes = words.filter((word) => word in STATUS_CODES).map(Number);
  const others = words.filter((word) => word !== "" && !(word in STATUS_CODES));
  if (codes.length > 0 && !others.some((word) => word.includes("retriable-status-codes"))) others.push("retriable-status-codes");
  const previous = retries?.retryIgnorePreviousHosts ?? !hashed;
  return {
    num_retries: retries?.attempts ?? 2,
    retry_on: retries?.retryOn ? others.join(",") : DEFAULT_ON,
    host_selection_retry_max_attempts: "5",
    ...(previous ? { retry_host_predicate: OTHER_HOSTS } : {}),
    ...(codes.length > 0 ? { retriable_status_codes: codes } : {}),
    ...(retries?.perTryTimeout ? { per_try_timeout: envoyDuration(retries.perTryTimeout) } : {}),
    ...(retries?.retryRemoteLocalities ? { retry_priority: OTHER_LOCALITIES } : {}),
    ...(retries?.backoff ? { retry_back_off: { base_interval: envoyDuration(retries.backoff) } } : {}),
  };
}
