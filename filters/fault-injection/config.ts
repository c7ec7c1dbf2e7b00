import { z } from "zod";
import {
  addableHeader,
  condition,
  distinct,
  durationFrom,
  editableHeader,
  fieldValue,
  grpcStatus,
  headersOf,
  maskableValue,
  matching,
  nanosecondsOf,
  percentage,
} from "../vocabulary.ts";
import { nanosecondsSince1970 } from "./date-time.ts";

const LONGEST = "24h";
const duration = durationFrom("0s", LONGEST);
const share = (of: string) => percentage.default(100).describe(`Of ${of}; decimals beyond the seventh do not count.`);

const name = matching(/^[A-Za-z][A-Za-z0-9._-]{0,63}$/, "must be 1 to 64 letters, digits, - . or _, a letter first")
  .refine((text) => text !== "header-control", "is that of headerControl's faults")
  .meta({ not: { const: "header-control" } })
  .describe("In the access log, stats and `responseHeader`; decisions depend on it.");

const NO_PERCENTILE = "must be a percentile: p0 to p100, with four decimals at most";
const percentile = matching(/^p(100|(0|[1-9][0-9]?)(\.[0-9]{1,4})?)$/, NO_PERCENTILE);

/** The table's points in order, as numbers. */
function pointsOf(table: Readonly<Record<string, string>>): { key: string; percent: number; value: bigint }[] {
  return Object.entries(table)
    .map(([key, text]) => ({ key, percent: Math.round(Number(key.slice(1)) * 10_000), value: nanosecondsOf(text) ?? 0n }))
    .sort((a, b) => a.percent - b.percent);
}

const percentiles = z
  .record(percentile, duration)
  .superRefine((table, context) => {
    const points = pointsOf(table);
    if (points.length === 0) context.addIssue({ code: "custom", message: "must have at least one percentile" });
    points.forEach(({ key, percent, value }, i) => {
      const before = points[i - 1];
      if (before === undefined) return;
      const problem = (message: string) => context.addIssue({ code: "custom", path: [key], message });
      if (before.percent === percent) problem("is there already");
      else if (value < before.value) problem("must not be less than a lower percentile's");
    });
  })
  .meta({ minProperties: 1 });

const SHAPES = ["fixed", "uniform", "exponential", "percentiles"] as const;
const delay = z
  .strictObject({
    fixed: duration.optional().describe("Always this."),
    uniform: z
      .strictObject({ min: duration.default("0s").describe("The shortest."), max: duration.describe("The longest.") })
      .superRefine(({ min, max }, context) => {
        if ((nanosecondsOf(min) ?? 0n) > (nanosecondsOf(max) ?? 0n)) {
          context.addIssue({ code: "custom", path: ["min"], message: "must not be more than max" });
        }
      })
      .optional()
      .describe("Anything from `min` to `max`, each as likely."),
    exponential: z
      .strictObject({
        mean: duration.describe("The average."),
        max: duration.optional().describe("What is longer is cut to this [ten times the mean, 24 hours at most]."),
      })
      .optional()
      .describe("Mostly short, now and then long: waiting in a queue."),
    percentiles: percentiles
      .optional()
      .describe(
        'What a latency report says: `{ "p50": "20ms", "p99": "900ms" }`. In between the logarithm grows evenly; `p0` is 0 unless it is there, and above the highest it stays.',
      ),
    percentage: share("the requests that the fault picks"),
  })
  .superRefine((given, context) => {
    const found = SHAPES.filter((shape) => given[shape] !== undefined);
    if (found.length === 1) return;
    const message = found.length === 0 ? `needs one of: ${SHAPES.join(", ")}` : `has one too many: ${found.join(" or ")}, not both`;
    context.addIssue({ code: "custom", message });
  })
  .meta({ oneOf: SHAPES.map((shape) => ({ required: [shape] })) });

const BODILESS = [204, 205, 304];
const RESETS_NOT = ["status", "grpcStatus", "body", "contentType", "headers"] as const;
const abort = z
  .strictObject({
    status: z.int().min(200).max(599).optional().describe("HTTP status [503; 200 where there is only `grpcStatus`, as Envoy has it]."),
    grpcStatus: grpcStatus.optional().describe("What gRPC requests get, by name or number [what `status` means to gRPC]."),
    body: z.string().optional().describe("Of the answer; for gRPC its message [`fault filter abort`, as Envoy has it]."),
    contentType: fieldValue().optional().describe("[`text/plain`]"),
    headers: headersOf(addableHeader(["grpc-status", "grpc-message"]), 64)
      .optional()
      .describe("Further headers."),
    reset: z.boolean().default(false).describe("Breaks the stream off in place of an answer."),
    percentage: share("the requests that the fault picks; rolled apart from the delay, and after it"),
  })
  .superRefine((given, context) => {
    if (BODILESS.includes(given.status ?? 0) && given.body) {
      context.addIssue({ code: "custom", path: ["body"], message: `must be empty with ${given.status}, which has none` });
    }
    if (!given.reset) return;
    for (const key of RESETS_NOT) {
      if (given[key] !== undefined) context.addIssue({ code: "custom", path: [key], message: "is of an answer, and reset gives none" });
    }
  });

const response = z
  .strictObject({
    status: z
      .int()
      .min(200)
      .max(599)
      .refine((status) => !BODILESS.includes(status), "must be a status that has a body")
      .meta({ not: { enum: BODILESS } })
      .optional()
      .describe("Takes the place of the upstream's."),
    set: headersOf(editableHeader, 64).optional().describe("Headers in place of the upstream's of that name."),
    add: headersOf(editableHeader, 64).optional().describe("Headers beside the upstream's."),
    remove: z.array(editableHeader).max(64).optional().describe("Headers that the client does not get to see."),
    percentage: share("the answers to requests that the fault picks"),
  })
  .superRefine((given, context) => {
    if (CHANGES.some((key) => given[key] !== undefined)) return;
    context.addIssue({ code: "custom", message: `needs one of: ${CHANGES.join(", ")}` });
  })
  .meta({ anyOf: ["status", "set", "add", "remove"].map((key) => ({ required: [key] })) });
const CHANGES = ["status", "set", "add", "remove"] as const;

const instant = matching(
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$/,
  'must be a time as "2030-05-01T12:00:00Z" (RFC 3339), from 1970 to 2199',
).superRefine((text, context) => {
  if (nanosecondsSince1970(text) !== undefined) return;
  context.addIssue({ code: "custom", message: 'must be a time as "2030-05-01T12:00:00Z" (RFC 3339), from 1970 to 2199' });
});
const during = z
  .strictObject({
    from: instant.optional().describe("[always was]"),
    until: instant.optional().describe("[for ever]"),
    each: durationFrom("1s", "8784h")
      .optional()
      .describe("Comes back so often, counted from `from`, or from 1970 in UTC: `1h` is each full hour."),
    for: durationFrom("1s", "8784h").optional().describe("How long it lasts each time."),
  })
  .superRefine(({ from, until, each, for: length }, context) => {
    const problem = (key: string, message: string) => context.addIssue({ code: "custom", path: [key], message });
    if (from !== undefined && until !== undefined) {
      const [begin, end] = [nanosecondsSince1970(from), nanosecondsSince1970(until)];
      if (begin !== undefined && end !== undefined && end <= begin) problem("until", "must be later than from");
    }
    if (each === undefined && length !== undefined) problem("for", "needs each: how often");
    if (each !== undefined && length === undefined) problem("each", "needs for: how long");
    if (each !== undefined && length !== undefined && (nanosecondsOf(length) ?? 0n) >= (nanosecondsOf(each) ?? 0n)) {
      problem("for", "must be less than each");
    }
  })
  .meta({ dependencies: { each: ["for"], for: ["each"] } });

const key = z.array(maskableValue({})).min(1).max(16);
const most = z.int().min(1).max(1_000_000_000);

const attempt = z.strictObject({
  number: most.describe("Which attempt: 1 is the first."),
  key: key
    .optional()
    .describe(
      'Counts requests with the same values, where nobody numbers attempts: `[{ "attribute": "request.id" }]` [`x-envoy-attempt-count`, which the caller\'s Envoy sends with `include_request_attempt_count`].',
    ),
});

const EFFECTS = ["delay", "abort", "response"] as const;
const fault = z
  .strictObject({
    name,
    when: z.array(condition).default([]).describe("Which requests it is about: all conditions must hold [all requests]."),
    key: key
      .optional()
      .describe(
        "Values of the request that decide in place of chance: who has the same meets the same. A request without one of them, or with one repeated, is not picked.",
      ),
    every: most.optional().describe("Picks every n-th request, of each `key` where there is one."),
    first: most.optional().describe("Picks the first n requests, of each `key` where there is one."),
    attempt: attempt.optional().describe("Picks one attempt of a request that is retried."),
    during: during.optional().describe("Picks requests of a time [always]."),
    forgetAfter: durationFrom("1s", "8784h").default("1h").describe("A count begins anew when nothing was counted for so long."),
    delay: delay.optional().describe("Holds the request before it goes on."),
    abort: abort.optional().describe("Answers in place of the upstream, which hears nothing."),
    response: response.optional().describe("Changes the upstream's answer. What filters or Envoy answer is left alone."),
    mode: z
      .enum(["enforce", "shadow", "off"])
      .default("enforce")
      .describe("`shadow`: decides, notes and counts, and does nothing. `off`: as if it were not there."),
  })
  .superRefine((given, context) => {
    if (!EFFECTS.some((effect) => given[effect] !== undefined)) {
      context.addIssue({ code: "custom", message: `needs one of: ${EFFECTS.join(", ")}` });
    }
    if (given.every !== undefined && given.first !== undefined) {
      context.addIssue({ code: "custom", path: ["first"], message: "does not go with every" });
    }
  })
  .meta({ anyOf: EFFECTS.map((effect) => ({ required: [effect] })), not: { required: ["every", "first"] } });

const pattern = matching(
  /^(?!spiffe:\/\/)(\*|\*?[^*]+|[^*]+\*)$/,
  "must be a principal without spiffe://, with a * in front or at the end at most",
);
const headerControl = z
  .strictObject({
    secret: z
      .strictObject({ env: z.string().min(1).describe("A variable of the VM's environment.") })
      .optional()
      .describe('Who sends this in `secretHeader` may. From the VM\'s environment: `{ "env": "FAULT_SECRET" }`.'),
    secretHeader: editableHeader.default("x-fault-secret").describe("Never reaches the upstream."),
    from: z
      .array(pattern)
      .min(1)
      .optional()
      .describe("Whose certificate has one of these SPIFFE identities may; `*` in front or at the end: `cluster.local/ns/test/*`."),
    delayPercentage: share("the requests with `x-envoy-fault-delay-request`; a header may ask for less"),
    abortPercentage: share("the requests with `x-envoy-fault-abort-request` or `-abort-grpc-request`; a header may ask for less"),
    denominator: z
      .enum(["HUNDRED", "TEN_THOUSAND", "MILLION"])
      .default("HUNDRED")
      .describe("What `x-envoy-fault-delay-request-percentage` and `-abort-request-percentage` are parts of."),
    strip: z.boolean().default(false).describe("The upstream does not get to see `x-envoy-fault-*`, whoever sends them."),
  })
  .superRefine(({ secret, from }, context) => {
    if ((secret === undefined) === (from === undefined)) {
      context.addIssue({
        code: "custom",
        message: secret === undefined ? "needs one of: secret, from" : "has one too many: secret or from, not both",
      });
    }
  })
  .meta({ oneOf: [{ required: ["secret"] }, { required: ["from"] }] });

/** The configuration of the fault-injection filter: the source of config.schema.json, of the README's table, and of editor completion. */
export const faultInjectionConfig = z.strictObject({
  faults: z
    .array(fault)
    .default([])
    .superRefine(distinct("name", "is another fault's name already"))
    .describe("Each decides for itself. Of several that would delay a request the first in the list does, and so for abort and response."),
  seed: z
    .union([z.string().min(1), z.int().min(0).max(Number.MAX_SAFE_INTEGER)])
    .optional()
    .describe(
      "With it a decision depends on nothing but the seed, the fault's name and the request's id, or its `key` [chance, other for each worker].",
    ),
  maxActive: z
    .int()
    .min(0)
    .max(1_000_000_000)
    .default(10_000)
    .describe("Faults at once in this Envoy, all workers and plugins together; what is over passes, and is counted."),
  keySlots: z
    .int()
    .min(16)
    .max(16_777_216)
    .default(65_536)
    .describe("Counts of `every`, `first` and `attempt` at once that there is room for."),
  headerControl: headerControl.optional().describe("Envoy's `x-envoy-fault-*` headers, for who may send them [nobody]."),
  responseHeader: addableHeader([])
    .optional()
    .describe("A header of the response that names the faults it met: `x-fault` [none: clients are not told]."),
});

/** A configuration as a user writes it; every field is optional. */
export type FaultInjectionConfig = z.input<typeof faultInjectionConfig>;
