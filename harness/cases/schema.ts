import { z } from "zod";
import { parseDuration } from "../duration.ts";

/** The hosts that a case runs on. */
export const hostNames = ["host", "envoy"] as const;
export type HostName = (typeof hostNames)[number];

/** The shorthands of a request: the method, with the path as value. */
export const verbs = ["get", "head", "post", "put", "patch", "delete", "options"] as const;

const regex = z.string().superRefine((text, context) => {
  try {
    new RegExp(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: `must be a regular expression: ${(error as Error).message}` });
  }
});

const duration = z.string().superRefine((text, context) => {
  try {
    parseDuration(text);
  } catch {
    context.addIssue({ code: "custom", message: "must be a duration with a unit of ms, s, m or h" });
  }
});

const pattern = z.strictObject({
  matches: regex.describe("A JavaScript regular expression."),
  not: z.boolean().optional().describe("Turns it round: it must not match [false]."),
});

const one = z.union([z.string(), pattern], { error: "must be text in quotes or { matches: REGEX }" });

const headerExpectation = z.union([z.string(), z.null(), pattern, z.strictObject({ present: z.literal(true) }), z.array(one)], {
  error: "must be text in quotes, null for an absent header, { matches: REGEX }, { present: true } or a list of all values",
});

const headerExpectations = z
  .record(z.string(), headerExpectation)
  .describe(
    "By name. Text or `{ matches }`: exactly one value, that is so. A list: all values in order. `null`: absent. `{ present: true }`: any.",
  );

const bodyExpectation = z
  .union([z.string(), pattern, z.strictObject({ json: z.unknown() })], {
    error: "must be text, { matches: REGEX } or { json: VALUE }",
  })
  .describe("The whole body as text, a pattern, or the value of its JSON.");

const headers = z
  .record(
    z.string(),
    z.union([z.string(), z.array(z.string(), { error: "must be a list of texts" })], {
      error: "must be text in quotes, or a list of texts",
    }),
  )
  .describe("By name, in this order; a list repeats the name.");

const status = z.int().min(100).max(599);

const answer = z.strictObject({
  status: status.optional().describe("[200]"),
  headers: headers.optional(),
  body: z.string().optional().describe("[empty]"),
  trailers: headers.optional(),
  reset: z
    .enum(["before-headers", "mid-body"])
    .optional()
    .describe("Resets the connection instead of answering, or in the middle of the body."),
});

const upstreamAnswer = z.strictObject({ respond: answer.optional().describe("How it answers [200 without a body].") });

const upstream = upstreamAnswer.extend({ protocol: z.enum(["http/1.1", "h2c"]).optional().describe("What it speaks [http/1.1].") });

const config = z.unknown().describe("The filter's configuration, as its README says: text as it is, anything else as JSON [none].");

const chainEntry = z.strictObject({
  filter: z.string().describe("The plugin's name: in logs, in stats and as the property `plugin_name`."),
  wasm: z.string().optional().describe("Its module, relative to this file [what the test gives for this name]."),
  config: config.optional(),
  rootId: z.string().optional().describe('[""]'),
  failurePolicy: z.enum(["FAIL_CLOSED", "FAIL_OPEN", "FAIL_RELOAD"]).optional().describe("[FAIL_CLOSED]"),
});

const chain = z.array(chainEntry).min(1).describe("Several filters in order, instead of `config` for the one.");

const received = z.strictObject({
  upstream: z.string().optional().describe("Which upstream [the first]."),
  method: z.string().optional(),
  path: z.string().optional().describe("With the query."),
  headers: headerExpectations.optional(),
  body: bodyExpectation.optional(),
});

const accessLogExpectation = z
  .record(
    z.string(),
    z.union([z.string(), z.number(), z.null(), pattern], {
      error: "must be text, a number, null for an empty field, or { matches: REGEX }",
    }),
  )
  .describe(
    "Of the access log's entry for this request, by field: of the file's `accessLog`, or status, details, flags, route, cluster, ...",
  );

const count = z.int().min(0);

const expectation = z.strictObject({
  status: z
    .union([status, z.array(status).min(1)], { error: "must be a status from 100 to 599, or a list of them" })
    .optional()
    .describe("A list: any of these."),
  headers: headerExpectations.optional(),
  body: bodyExpectation.optional(),
  trailers: headerExpectations.optional(),
  upstream: z
    .union([count, z.record(z.string(), count)], { error: "must be a number of requests, or { UPSTREAM: NUMBER }" })
    .optional()
    .describe("How many requests went on to the first upstream, or by upstream; with `times`, of all together."),
  received: received.optional().describe("What the upstream received; with `times`, each time."),
  accessLog: accessLogExpectation.optional(),
});

const path = z.string().regex(/^\//, "must be a path that begins with /");

const request = z.strictObject({
  get: path.optional(),
  head: path.optional(),
  post: path.optional(),
  put: path.optional(),
  patch: path.optional(),
  delete: path.optional(),
  options: path.optional(),
  method: z.string().optional().describe("Any other method; then with `path`."),
  path: z.string().optional().describe("With the query."),
  headers: headers.optional(),
  body: z.string().optional(),
  protocol: z
    .enum(["http/1.1", "h2c"])
    .optional()
    .describe("What the client speaks; `h2c` is HTTP/2, over TLS when the case has identities [http/1.1]."),
  identity: z
    .strictObject({
      serviceAccount: z.string(),
      namespace: z.string().optional().describe("[default]"),
    })
    .optional()
    .describe("The client presents a SPIFFE certificate of this workload, in cluster.local; the case's listener then speaks TLS."),
  times: z.int().min(1).max(10_000).optional().describe("So many times, one after the other [1]."),
  at: duration
    .optional()
    .describe("Not before this time since the case began: virtual on the host; on Envoy really waited for, so use it sparingly [at once]."),
  expect: expectation.optional(),
});

const logExpectation = z.union(
  [
    z.string(),
    z.strictObject({
      contains: z.string().optional(),
      matches: regex.optional(),
      level: z.enum(["trace", "debug", "info", "warn", "error", "critical"]).optional(),
      absent: z.boolean().optional().describe("No such line may be there [false]."),
    }),
  ],
  { error: "must be text that a line contains, or { contains, matches, level, absent }" },
);

const oneCase = z.strictObject({
  name: z.string().min(1).describe("A sentence; no two cases have the same."),
  config: config.optional(),
  chain: chain.optional(),
  upstreams: z.record(z.string(), upstreamAnswer).optional().describe("How the file's upstreams answer in this case, by name."),
  requests: z.array(request).min(1).optional().describe("One after the other."),
  metadata: z
    .record(z.string(), z.record(z.string(), z.unknown()))
    .optional()
    .describe(
      "Dynamic metadata that filters in front have set, by namespace: `{ envoy.filters.http.jwt_authn: { payload: CLAIMS } }` [none].",
    ),
  filterState: z
    .record(z.string(), z.string().min(1))
    .optional()
    .describe("Filter state that filters in front have set, by key, as `set_filter_state` with `envoy.string` does [none]."),
  environment: z
    .record(z.string().min(1), z.string())
    .optional()
    .describe("Variables of the modules' environment, where secrets come from [none]."),
  refused: z
    .string()
    .min(1)
    .optional()
    .describe("Instead of `requests`: the module refuses the configuration, and a line that it logs contains this."),
  stats: z
    .record(z.string(), z.int())
    .optional()
    .describe(
      "By how much counters and gauges of the modules have changed after the requests. The whole name without `wasmcustom.`, or its last words, `_total` left out.",
    ),
  log: z.array(logExpectation).optional().describe("Lines that modules have logged since the first request, or `absent` ones."),
  skip: z
    .strictObject({ host: z.string().min(1).optional(), envoy: z.string().min(1).optional() })
    .optional()
    .describe("Why this case does not run there."),
});

/** A cases file: the source of cases.schema.json, and so of what editors complete. */
export const casesSchema = z.strictObject({
  wasm: z.string().optional().describe("The module, relative to this file [what the test gives]."),
  config: config.optional(),
  chain: chain.optional(),
  upstreams: z
    .record(z.string(), upstream)
    .optional()
    .describe("By name, which is also the cluster's; the first gets every request that no filter answers [one, `app`, that answers 200]."),
  accessLog: z
    .record(z.string(), z.string())
    .optional()
    .describe(
      "Further fields of the access log, by name: Envoy format strings, for example `%FILTER_STATE(wasm.meshscript.tracing:PLAIN)%` [none].",
    ),
  cases: z.array(oneCase).min(1),
});

export type CasesDocument = z.output<typeof casesSchema>;
export type CaseDocument = z.output<typeof oneCase>;
export type ChainEntry = z.output<typeof chainEntry>;
export type RequestDocument = z.output<typeof request>;
export type Expectation = z.output<typeof expectation>;
export type ReceivedExpectation = z.output<typeof received>;
export type HeaderExpectation = z.output<typeof headerExpectation>;
export type ValueExpectation = z.output<typeof one>;
export type BodyExpectation = z.output<typeof bodyExpectation>;
export type LogExpectation = z.output<typeof logExpectation>;
export type UpstreamAnswer = z.output<typeof answer>;

/** `harness/cases/cases.schema.json`: JSON Schema draft-07, which editors understand. */
export function casesSchemaFile(): string {
  const { $schema, ...rest } = z.toJSONSchema(casesSchema, { target: "draft-7", io: "input" });
  return `${JSON.stringify({ $schema, title: "Cases: how a filter behaves, on the in-process host and on Envoy", ...rest }, null, 2)}\n`;
}
