import { z } from "zod";
import { condition, headerName, percentage } from "../vocabulary.ts";

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
});

/** A configuration as a user writes it; every field is optional. */
export type TracingConfig = z.input<typeof tracingConfig>;
