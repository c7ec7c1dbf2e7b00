import { z } from "zod";
import { addableHeader, condition, durationFrom, fieldValue, headerName, matching, percentage } from "../vocabulary.ts";

const formats = z
  .array(z.enum(["tracecontext", "b3", "b3multi", "jaeger"]))
  .refine((names) => new Set(names).size === names.length, "must not hold a format twice")
  .meta({ uniqueItems: true });

const sampling = z.strictObject({
  percentage: percentage
    .default(100)
    .describe("Share of new traces that is sampled, 0 to 100, exact to seven decimals; decided by the trace id, so that all hops agree."),
  parentBased: z.boolean().default(true).describe("A caller's decision holds. `false`: each request is decided here, by its trace id."),
  rules: z
    .array(z.strictObject({ when: z.array(condition).min(1), percentage }))
    .default([])
    .describe("Percentages for the requests that all of `when` picks; the first rule that holds counts."),
  forceHeader: headerName
    .optional()
    .describe("A request with this header is sampled, unless its value is empty, `0` or `false`. Not looked at with `inbound: restart`."),
});

const tracestate = z.strictObject({
  key: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_\-*/@]{0,255}$/)
    .describe("Key of a member of our own, put in front of the list."),
  value: z
    .string()
    .regex(/^(?=.{1,256}$)[\x20-\x2b\x2d-\x3c\x3e-\x7e]*[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/)
    .optional()
    .describe("Its value [the span id]."),
});

const baggage = z.strictObject({
  maxMembers: z.int().min(0).max(1024).default(64).describe("Members that may pass."),
  maxBytes: z.int().min(0).max(65536).default(8192).describe("Bytes of the header that may pass."),
  allow: z.array(z.string()).optional().describe("Keys that may pass [all; at an edge with `inbound: restart`, none]."),
});

const plainText = matching(/^[\x20-\x7e]{1,256}$/, "must be 1 to 256 characters of ASCII");
const MOST = 16;
const few = (object: Record<string, unknown>) => Object.keys(object).length <= MOST;

const exporting = z.strictObject({
  format: z.enum(["zipkin", "otlp"]).describe("`zipkin`: Zipkin's JSON v2. `otlp`: OpenTelemetry's protocol over HTTP, as JSON."),
  cluster: matching(/^[\x21-\x7e]+$/, "must name one of Envoy's clusters, without blanks").describe(
    "Envoy's cluster of the collector. It need not be there yet.",
  ),
  path: matching(/^\/[\x21-\x7e]*$/, "must begin with / and have no blanks")
    .optional()
    .describe("[`/api/v2/spans` or `/v1/traces`, as the format has it]"),
  authority: matching(/^[\x21-\x7e]+$/, "must be a host, with or without a port")
    .optional()
    .describe("[the cluster's name, of Istio's `outbound|9411||zipkin.tools` the host]"),
  headers: z
    .record(addableHeader([]), z.union([fieldValue(), z.strictObject({ env: z.string().min(1) })]))
    .refine(few, "must be 16 at most")
    .meta({ maxProperties: MOST })
    .default({})
    .describe('Further headers. Secrets come from the VM\'s environment: `{ "x-api-key": { "env": "COLLECTOR_KEY" } }`.'),
  service: plainText.optional().describe("Who we are [the node's cluster, else its id, else `unknown`]."),
  attributes: z
    .record(
      matching(
        /^(?!service\.(name|instance\.id)$)[A-Za-z0-9._/-]{1,64}$/,
        "must be called by 1 to 64 letters, digits and . _ / -, and not service.name or service.instance.id",
      ),
      plainText,
    )
    .refine(few, "must be 16 at most")
    .meta({ maxProperties: MOST })
    .default({})
    .describe(
      'What is true of all spans: `{ "deployment.environment.name": "staging" }`. Of the resource in `otlp`, tags of each span in `zipkin`.',
    ),
  kind: z
    .enum(["server", "client"])
    .optional()
    .describe(
      "Which side of a call this proxy stands at [as the listener's `traffic_direction` says: `OUTBOUND` is the client's side; else the server's].",
    ),
  interval: durationFrom("10ms", "1h").default("1s").describe("A span waits at most so long for others."),
  batch: z.int().min(1).max(10_000).default(100).describe("So many are sent at once, without waiting."),
  maxQueue: z.int().min(1).max(100_000).default(1_000).describe("So many may wait, in each worker; those that come then are dropped."),
  maxQueueBytes: z
    .int()
    .min(65_536)
    .max(16_777_216)
    .default(524_288)
    .describe("Memory for those that wait, in each worker; a span takes 0.6 to 1.5 KiB."),
  timeout: durationFrom("10ms", "60s").default("2s").describe("For the collector's answer. A batch without one is dropped."),
});

/** The configuration of the tracing filter: the source of config.schema.json, of the README's table, and of editor completion. */
export const tracingConfig = z.strictObject({
  mode: z
    .enum(["enforce", "observe", "off"])
    .default("enforce")
    .describe(
      "`enforce`: the filter writes the trace headers. `observe`: Envoy's own tracer does, and the filter never touches them. `off`: nothing.",
    ),
  extract: formats
    .default(["tracecontext", "b3", "b3multi"])
    .describe(
      "Formats to read: `tracecontext`, `b3`, `b3multi`, `jaeger`; the first in the list that names a trace counts. `[]`: every request begins a trace.",
    ),
  inject: formats
    .default(["tracecontext"])
    .describe(
      "Formats to write, of the same names; what comes in the others is removed. `[]`: none, and no trace is begun or counted; only `inbound: restart` still removes what comes.",
    ),
  inbound: z
    .enum(["continue", "restart"])
    .default("continue")
    .describe(
      "`restart`: an untrusted edge. What comes is replaced by a new trace; tracestate goes, and baggage but for `baggage.allow`; nobody outside forces a sample.",
    ),
  strip: z.boolean().default(false).describe("Remove the trace headers and the baggage of every format instead: for egress."),
  sampling: sampling.optional().describe("Which new traces are sampled."),
  tracestate: tracestate.optional().describe("A member of our own in `tracestate` [none: the list passes as it is]."),
  baggage: baggage.optional().describe("What of the W3C `baggage` may pass; what does is sent as one header [all, unchanged]."),
  response: z
    .strictObject({
      serverTiming: z.boolean().default(false).describe("Tell the client the trace: `server-timing: trace;desc=<traceparent>`."),
    })
    .optional()
    .describe("What the client is told."),
  traceIdHeader: headerName
    .optional()
    .describe("With `observe`: the request header in which a native filter before this one has put `%TRACE_ID%`, for Server-Timing."),
  export: exporting.optional().describe("Sends the spans of sampled requests to a collector [they stay here]."),
});

/** A configuration as a user writes it; every field is optional. */
export type TracingConfig = z.input<typeof tracingConfig>;
