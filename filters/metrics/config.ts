import { z } from "zod";
import { condition, distinct, durationFrom, maskableValue, matching, pathTemplate, workload } from "../vocabulary.ts";

/** Istio's labels; filters/metrics/assembly/core/dimension.ts has the same. */
const parties = ["workload", "workload_namespace", "principal", "app", "version"];
export const standardLabels = [
  "reporter",
  ...parties.map((what) => `source_${what}`),
  ...["canonical_service", "canonical_revision", "cluster"].map((what) => `source_${what}`),
  ...parties.map((what) => `destination_${what}`),
  ...["service", "service_name", "service_namespace", "canonical_service", "canonical_revision", "cluster"].map(
    (what) => `destination_${what}`,
  ),
  ...["request_protocol", "response_flags", "connection_security_policy", "response_code", "grpc_response_status"],
] as const;

/** What any client may choose freely, and with it the number of series. */
const FREE = ["path", "url_path", "query", "host", "useragent", "referer", "id"].map((name) => `request.${name}`);
const NO_LABEL = "must be a label's name: letters, digits and _, no digit first, not __ in front";
const LABEL = /^(?!__)[A-Za-z_][A-Za-z0-9_]{0,63}$/;

const text = (what: string) => z.string().optional().describe(what);

const requestValue = maskableValue({
  in: z
    .array(z.string())
    .min(1)
    .optional()
    .describe("The values that are allowed; others are `other`. What a client may choose freely needs it."),
}).superRefine((given, context) => {
  const { attribute, in: allowed } = given as { attribute?: unknown; in?: unknown };
  if (typeof attribute !== "string" || !FREE.includes(attribute) || allowed !== undefined) return;
  const message = "needs in, a list of what is allowed: a client may choose it freely";
  context.addIssue({ code: "custom", path: ["attribute"], message });
});
const labelValue = z.union([
  z.strictObject({ standard: z.enum(standardLabels).describe("What one of Istio's labels says.") }),
  z.strictObject({
    pathTemplates: z.array(pathTemplate).min(1).describe("The first that the path matches, `/users/{id}`; else `other`."),
  }),
  requestValue,
]);
const labels = z
  .record(matching(LABEL, NO_LABEL), labelValue)
  .refine((all) => Object.keys(all).length <= 32, "must be 32 at most")
  .meta({ maxProperties: 32 });

const tag = z
  .strictObject({
    operation: z.enum(["UPSERT", "REMOVE"]).default("UPSERT"),
    value: labelValue.optional().describe("What the label says: for UPSERT."),
  })
  .superRefine(({ operation, value }, context) => {
    if (operation === "REMOVE" && value !== undefined) {
      context.addIssue({ code: "custom", path: ["value"], message: "is nothing that is removed" });
    } else if (operation !== "REMOVE" && value === undefined) context.addIssue({ code: "custom", message: "value is missing" });
  });
const override = z
  .strictObject({
    match: z
      .strictObject({
        metric: z
          .enum([
            ...["ALL_METRICS", "REQUEST_COUNT", "REQUEST_DURATION", "REQUEST_SIZE", "RESPONSE_SIZE"],
            ...["TCP_OPENED_CONNECTIONS", "TCP_CLOSED_CONNECTIONS", "TCP_SENT_BYTES", "TCP_RECEIVED_BYTES"],
            ...["GRPC_REQUEST_MESSAGES", "GRPC_RESPONSE_MESSAGES"],
          ] as const)
          .default("ALL_METRICS")
          .describe("Which of the standard metrics."),
        mode: z.enum(["CLIENT_AND_SERVER", "CLIENT", "SERVER"]).default("CLIENT_AND_SERVER").describe("On which side of a request."),
      })
      .optional(),
    disabled: z.boolean().default(false).describe("Leaves the metric out."),
    tagOverrides: z
      .record(matching(LABEL, NO_LABEL), tag)
      .default({})
      .describe('Labels that are changed or added (`{ "value": ... }`) or removed (`{ "operation": "REMOVE" }`), by name.'),
  })
  .superRefine(({ tagOverrides }, context) => {
    for (const [name, { operation }] of Object.entries(tagOverrides)) {
      if (operation !== "REMOVE" || (standardLabels as readonly string[]).includes(name)) continue;
      context.addIssue({ code: "custom", path: ["tagOverrides", name], message: "is none of Istio's labels" });
    }
  });

/** Istio's metrics; filters/metrics/assembly/config.ts has the same. */
export const standardMetrics = [
  ...["requests_total", "request_duration_milliseconds", "request_bytes", "response_bytes"],
  ...["tcp_connections_opened_total", "tcp_connections_closed_total", "tcp_sent_bytes_total", "tcp_received_bytes_total"],
  ...["request_messages_total", "response_messages_total"],
].map((name) => `istio_${name}`);
const metric = z.strictObject({
  name: matching(/^[A-Za-z_:][A-Za-z0-9_:]{0,127}$/, "must be a metric's name: letters, digits, _ and :, no digit first")
    .refine((name) => !standardMetrics.includes(name), "is another metric's name already")
    .meta({ not: { enum: standardMetrics } })
    .describe("As Prometheus shows it: with its unit, and `_total` for a counter."),
  type: z.enum(["COUNTER", "GAUGE", "HISTOGRAM"]).default("COUNTER"),
  value: z
    .enum(["1", "request.duration", "request.total_size", "response.total_size", "request.size", "response.size"])
    .default("1")
    .describe("What is counted or recorded: milliseconds, or bytes; `total` is with headers."),
  labels: labels.default({}).describe("Where each label's value comes from, by the label's name."),
  when: z.array(condition).default([]).describe("Which requests it is about: all conditions must hold [all requests]."),
});

/** The configuration of the metrics filter: the source of config.schema.json, of the README's table, and of editor completion. */
export const metricsConfig = z.strictObject({
  reporter: z
    .enum(["source", "destination"])
    .optional()
    .describe("Which of the two proxies of a request this is [the listener's `traffic_direction`; `destination` without one]."),
  workload: workload.optional(),
  service: text("The host that the own workload serves: `reviews.default.svc.cluster.local` [its canonical service]."),
  peerMetadata: z
    .boolean()
    .default(false)
    .describe(
      "Whether the other side's workload is what the [peer-metadata](../peer-metadata/README.md) filter of the same chain was told.",
    ),
  overrides: z
    .array(override)
    .default([])
    .describe("Changes of the standard metrics, as in Istio's Telemetry API; later ones go on from earlier ones."),
  metrics: z.array(metric).default([]).superRefine(distinct("name", "is another metric's name already")).describe("Metrics of one's own."),
  reportingInterval: durationFrom("100ms", "1h").default("5s").describe("How often a TCP connection is reported while it lasts."),
  maxSeries: z
    .int()
    .min(1)
    .max(100_000)
    .default(1_000)
    .describe(
      "Series that each metric may have in this Envoy, all workers together. What is above goes to one series whose labels say `__overflow__`.",
    ),
});

/** A configuration as a user writes it; every field is optional. */
export type MetricsConfig = z.input<typeof metricsConfig>;
