import type { ConfigObject } from "../../harness/envoy/types.ts";
import { envoyDuration } from "../model/durations.ts";
import { type Port, isHttp2 } from "../model/ports.ts";
import type { ConnectionPool, OutlierDetection, TrafficPolicy } from "../resources/types/index.ts";

/** What Envoy takes for "no limit". */
const NO_LIMIT = 4_294_967_295;

/** Istio limits nothing where nothing is said: Envoy's own 1024, and 3 retries, fail services that are merely busy. */
export function connectionPool({ tcp, http }: ConnectionPool = {}, budget: TrafficPolicy["retryBudget"]): ConfigObject {
  const given = (value: number | undefined) => (value !== undefined && value > 0 ? value : NO_LIMIT);
  const thresholds = {
    max_connections: given(tcp?.maxConnections),
    max_pending_requests: given(http?.http1MaxPendingRequests),
    max_requests: given(http?.http2MaxRequests),
    max_retries: given(http?.maxRetries),
    ...(budget ? { retry_budget: retryBudget(budget) } : {}),
  };
  const keepalive = tcp?.tcpKeepalive;
  return {
    connect_timeout: envoyDuration(tcp?.connectTimeout ?? "10s"),
    circuit_breakers: { thresholds: [thresholds] },
    ...(keepalive ? { upstream_connection_options: { tcp_keepalive: tcpKeepalive(keepalive) } } : {}),
  };
}

function retryBudget({ percent, budgetInterval, minRetryConcurrency }: NonNullable<TrafficPolicy["retryBudget"]>): ConfigObject {
  return {
    budget_percent: { value: percent ?? 20 },
    min_retry_concurrency: minRetryConcurrency && minRetryConcurrency > 0 ? minRetryConcurrency : 3,
    ...(budgetInterval ? { budget_interval: envoyDuration(budgetInterval) } : {}),
  };
}

function tcpKeepalive({ probes, time, interval }: NonNullable<NonNullable<ConnectionPool["tcp"]>["tcpKeepalive"]>): ConfigObject {
  const whole = (text: string) => Number.parseInt(envoyDuration(text), 10);
  return {
    ...(probes ? { keepalive_probes: probes } : {}),
    ...(time ? { keepalive_time: whole(time) } : {}),
    ...(interval ? { keepalive_interval: whole(interval) } : {}),
  };
}

/**
 * Envoy's HttpProtocolOptions of a cluster, without its `@type`; undefined when there is nothing to say.
 * @param sniffs Whether the proxy looks at the first bytes where a port's protocol is unknown: sidecars do, gateways take it for HTTP/1.1.
 */
export function httpOptions(port: Port, { tcp, http }: ConnectionPool = {}, sniffs = true): ConfigObject | undefined {
  const idle = http?.idleTimeout ?? tcp?.idleTimeout;
  const common = {
    ...(idle ? { idle_timeout: envoyDuration(idle) } : {}),
    ...(http?.maxRequestsPerConnection ? { max_requests_per_connection: http.maxRequestsPerConnection } : {}),
    ...(tcp?.maxConnectionDuration ? { max_connection_duration: envoyDuration(tcp.maxConnectionDuration) } : {}),
  };
  const h2 = {
    ...(http?.maxConcurrentStreams ? { max_concurrent_streams: http.maxConcurrentStreams } : {}),
    ...(http?.http2KeepAlive ? { connection_keepalive: durations(http.http2KeepAlive) } : {}),
  };
  const said = Object.keys(common).length > 0 ? { common_http_protocol_options: common } : {};
  // A port that says nothing is spoken to as the client speaks, and a rule that upgrades it says nothing to that.
  if (http?.useClientProtocol || (port.protocol === "unknown" && sniffs))
    return { ...said, use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} } };
  if (speaksHttp2(port, http, sniffs)) return { ...said, explicit_http_config: { http2_protocol_options: h2 } };
  // Envoy wants to be told; without a word it is HTTP/1.1.
  return Object.keys({ ...common, ...h2 }).length > 0 ? { ...said, explicit_http_config: { http_protocol_options: {} } } : undefined;
}

/** Whether a cluster only speaks HTTP/2: by its port, or because its rule upgrades it, whatever the port is. */
export function speaksHttp2(port: Port, http: ConnectionPool["http"], sniffs = true): boolean {
  if (http?.useClientProtocol) return false;
  return isHttp2(port) || (http?.h2UpgradePolicy === "UPGRADE" && !(port.protocol === "unknown" && sniffs));
}

const durations = (texts: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(texts).flatMap(([name, text]) => (text === undefined ? [] : [[name, envoyDuration(text)]])));

/** Envoy's OutlierDetection, and how many healthy endpoints there must be: Istio never falls back to unhealthy ones by itself. */
export function outlierDetection(outlier: OutlierDetection | undefined): { outlier_detection?: ConfigObject; panic?: number } {
  if (outlier === undefined) return {};
  const count = (name: string, value: number | undefined) =>
    value === undefined ? {} : { [name]: value, [`enforcing_${name}`]: value > 0 ? 100 : 0 };
  const local = outlier.consecutiveLocalOriginFailures;
  return {
    outlier_detection: {
      enforcing_success_rate: 0,
      ...count("consecutive_5xx", outlier.consecutive5xxErrors),
      ...count("consecutive_gateway_failure", outlier.consecutiveGatewayErrors),
      ...durations({ interval: outlier.interval, base_ejection_time: outlier.baseEjectionTime }),
      ...(outlier.maxEjectionPercent ? { max_ejection_percent: outlier.maxEjectionPercent } : {}),
      ...(outlier.splitExternalLocalOriginErrors
        ? {
            split_external_local_origin_errors: true,
            ...(local && local > 0 ? { consecutive_local_origin_failure: local, enforcing_consecutive_local_origin_failure: 100 } : {}),
            enforcing_local_origin_success_rate: 0,
          }
        : {}),
    },
    panic: outlier.minHealthPercent ?? 0,
  };
}
