import { wasm } from "./wasm.ts";

export interface Query {
  expr: string;
  /** A series' name in the legend, with `{{label}}`. */
  legend: string;
}

export interface PanelSpec {
  title: string;
  /** What the reader should know to read it right. */
  description?: string;
  /** One of Grafana's: `reqps`, `percentunit`, `ms`, `bytes`, `Bps`, `short`. */
  unit: string;
  queries: readonly Query[];
}

export interface RowSpec {
  title: string;
  panels: readonly PanelSpec[];
}

/** What the variables at the dashboard's top have chosen. */
const chosen = 'reporter=~"$reporter",destination_workload_namespace=~"$namespace",destination_workload=~"$workload"';
const select = (more = "") => `{${chosen}${more === "" ? "" : `,${more}`}}`;

/** By how much a counter grows in a second, summed by labels. */
export const rate = (by: string, counter: string) => `sum by (${by}) (rate(${counter}[$__rate_interval]))`;

/** What share of one is the other; 0 where the other is not there. */
const share = (part: string, whole: string) => `(${part} or 0 * ${whole}) / ${whole}`;

const QUANTILES = [0.5, 0.9, 0.99];
const quantiles = (histogram: string): Query[] =>
  QUANTILES.map((q) => ({
    expr: `histogram_quantile(${q}, ${rate("destination_workload,le", `${histogram}_bucket${select()}`)})`,
    legend: `p${q * 100} {{destination_workload}}`,
  }));
const bytesPerSecond = (histogram: string): Query => ({
  expr: rate("destination_workload", `${histogram}_sum${select()}`),
  legend: "{{destination_workload}}",
});

const requests: RowSpec = {
  title: "Requests",
  panels: [
    {
      title: "Requests by destination workload",
      unit: "reqps",
      queries: [{ expr: rate("destination_workload", `istio_requests_total${select()}`), legend: "{{destination_workload}}" }],
    },
    {
      title: "Share of server errors",
      description: "Requests that were answered with 5xx.",
      unit: "percentunit",
      queries: [
        {
          expr: share(
            rate("destination_workload", `istio_requests_total${select('response_code=~"5.."')}`),
            rate("destination_workload", `istio_requests_total${select()}`),
          ),
          legend: "{{destination_workload}}",
        },
      ],
    },
    {
      title: "Requests by status",
      description: "0: there was no answer, mostly because the client left.",
      unit: "reqps",
      queries: [{ expr: rate("response_code", `istio_requests_total${select()}`), legend: "{{response_code}}" }],
    },
    {
      title: "Duration",
      description: "From the request's first byte to the answer's last.",
      unit: "ms",
      queries: quantiles("istio_request_duration_milliseconds"),
    },
    {
      title: "As callers see it",
      description: "Counted by the callers' proxies. They know the service that was meant; a request and its retries are one.",
      unit: "reqps",
      queries: [
        {
          expr: rate("source_workload,destination_service,response_code", 'istio_requests_total{reporter="source"}'),
          legend: "{{source_workload}} > {{destination_service}} {{response_code}}",
        },
      ],
    },
    {
      title: "Who calls",
      description: "Principals from the callers' certificates; `unknown` without mTLS.",
      unit: "reqps",
      queries: [
        {
          expr: rate("source_principal,destination_workload,connection_security_policy", `istio_requests_total${select()}`),
          legend: "{{source_principal}} > {{destination_workload}} ({{connection_security_policy}})",
        },
      ],
    },
  ],
};

const failures: RowSpec = {
  title: "What became of them",
  panels: [
    {
      title: "Response flags",
      description: "Why Envoy answered by itself or gave up: UF, UH, NR, DC, ... as in access logs. Requests without one are left out.",
      unit: "reqps",
      queries: [
        {
          expr: rate("destination_workload,response_flags", `istio_requests_total${select('response_flags!="-"')}`),
          legend: "{{response_flags}} {{destination_workload}}",
        },
      ],
    },
    {
      title: "gRPC status",
      unit: "reqps",
      queries: [
        {
          expr: rate("destination_workload,grpc_response_status", `istio_requests_total${select('request_protocol="grpc"')}`),
          legend: "{{grpc_response_status}} {{destination_workload}}",
        },
      ],
    },
    {
      title: "Authorization",
      description: "By policy and rule; `none`: no rule allowed it.",
      unit: "reqps",
      queries: [
        { expr: rate("policy", "meshscript_authz_allowed_total"), legend: "allowed {{policy}}" },
        { expr: rate("policy", "meshscript_authz_denied_total"), legend: "denied {{policy}}" },
      ],
    },
    {
      title: "Rate limits",
      unit: "reqps",
      queries: [
        { expr: rate("limit", "meshscript_ratelimit_admitted_total"), legend: "admitted {{limit}}" },
        { expr: rate("limit", "meshscript_ratelimit_refused_total"), legend: "refused {{limit}}" },
      ],
    },
    {
      title: "Injected faults",
      unit: "reqps",
      queries: [
        { expr: rate("fault", "meshscript_fault_injection_delays_injected_total"), legend: "delays {{fault}}" },
        { expr: rate("fault", "meshscript_fault_injection_aborts_injected_total"), legend: "aborts {{fault}}" },
      ],
    },
  ],
};

const sizes: RowSpec = {
  title: "Sizes",
  panels: [
    { title: "Size of requests", description: "Headers and body.", unit: "bytes", queries: quantiles("istio_request_bytes") },
    { title: "Size of responses", description: "Headers and body.", unit: "bytes", queries: quantiles("istio_response_bytes") },
    { title: "Bytes of requests", unit: "Bps", queries: [bytesPerSecond("istio_request_bytes")] },
    { title: "Bytes of responses", unit: "Bps", queries: [bytesPerSecond("istio_response_bytes")] },
  ],
};

const streams: RowSpec = {
  title: "gRPC messages and TCP",
  panels: [
    {
      title: "gRPC messages",
      unit: "cps",
      queries: [
        { expr: rate("destination_workload", `istio_request_messages_total${select()}`), legend: "to {{destination_workload}}" },
        { expr: rate("destination_workload", `istio_response_messages_total${select()}`), legend: "from {{destination_workload}}" },
      ],
    },
    {
      title: "TCP bytes",
      unit: "Bps",
      queries: [
        { expr: rate("destination_workload", `istio_tcp_received_bytes_total${select()}`), legend: "to {{destination_workload}}" },
        { expr: rate("destination_workload", `istio_tcp_sent_bytes_total${select()}`), legend: "from {{destination_workload}}" },
      ],
    },
    {
      title: "TCP connections",
      unit: "cps",
      queries: [
        { expr: rate("destination_workload", `istio_tcp_connections_opened_total${select()}`), legend: "opened {{destination_workload}}" },
        { expr: rate("destination_workload", `istio_tcp_connections_closed_total${select()}`), legend: "closed {{destination_workload}}" },
      ],
    },
    {
      title: "Open TCP connections",
      unit: "short",
      queries: [
        {
          expr: `sum by (destination_workload) (istio_tcp_connections_opened_total${select()}) - (sum by (destination_workload) (istio_tcp_connections_closed_total${select()}) or 0 * sum by (destination_workload) (istio_tcp_connections_opened_total${select()}))`,
          legend: "{{destination_workload}}",
        },
      ],
    },
  ],
};

const tracing: RowSpec = {
  title: "Tracing",
  panels: [
    {
      title: "Traces at each proxy",
      description: "Begun, taken over from the caller, or begun anew in place of what came.",
      unit: "reqps",
      queries: ["started", "continued", "restarted"].map((what) => ({
        expr: rate("instance", `meshscript_tracing_${what}_total`),
        legend: `${what} {{instance}}`,
      })),
    },
    {
      title: "Exported spans",
      description: "Dropped: the collector did not take them, or too many waited. They are not sent again.",
      unit: "cps",
      queries: ["exported", "dropped"].map((what) => ({
        expr: rate("instance", `meshscript_tracing_spans_${what}_total`),
        legend: `${what} {{instance}}`,
      })),
    },
    {
      title: "Failed exports",
      description: "Batches that the collector did not take.",
      unit: "cps",
      queries: [{ expr: rate("instance", "meshscript_tracing_export_failures_total"), legend: "{{instance}}" }],
    },
  ],
};

export const rows: readonly RowSpec[] = [requests, failures, sizes, streams, tracing, wasm];
