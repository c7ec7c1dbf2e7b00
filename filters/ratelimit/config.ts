import { z } from "zod";
import { condition, distinct, durationText, headerName, localReply, maskableValue, nanosecondsOf, percentage } from "../vocabulary.ts";

const MOST = 1_000_000_000;

const requests = z.int().min(1).max(MOST).describe("Requests (or cost) in each `per`.");
const per = durationText.describe("A duration: `1s`, `1m`, `24h`; from 1 ms to 366 days.");
const burst = z.int().min(1).max(MOST).describe("How many may come at once [requests].");
const mode = z
  .enum(["enforce", "shadow", "off"])
  .describe("`shadow`: counts and logs what it would refuse, charges as if it did, tells clients nothing. `off`: as if it were not there.");

const rate = { requests, per, burst: burst.optional() };
const window = z.strictObject(rate).superRefine(countable);
const windows = z
  .array(window)
  .min(1)
  .max(8)
  .superRefine(distinct("per", "must differ from the other windows': the client knows them by it"));

const rates = {
  requests: requests.optional(),
  per: per.optional(),
  burst: burst.optional(),
  windows: windows.optional().describe("Several rates on one key, in place of `requests`, `per` and `burst`: all must admit."),
};

const override = z
  .strictObject({
    key: z.array(z.string()).describe("A value for each part of the limit's `key`."),
    ...rates,
    mode: mode.optional(),
  })
  .superRefine(ratesOr("mode"))
  .meta(ratesOrSchema("mode"))
  .describe("Numbers or a mode for one key.");

const cost = z.union([
  z.int().min(1).max(MOST),
  z
    .strictObject({
      header: headerName.optional().describe("A request header that says it: set by a filter before this one, never by a client."),
      responseHeader: headerName.optional().describe("A header of the response that says it."),
      attribute: z
        .enum(["request.size", "request.total_size", "response.size", "response.total_size"])
        .optional()
        .describe("Bytes of body, or of body and headers."),
      default: z.int().min(0).max(MOST).default(1).describe("Where there is none, or it is no whole number, or the header is repeated."),
      max: z.int().min(1).max(MOST).default(MOST).describe("What is above is counted as this."),
    })
    .superRefine((given, context) => {
      if (COST_SOURCES.filter((key) => given[key] !== undefined).length !== 1) {
        context.addIssue({ code: "custom", message: `needs one of: ${COST_SOURCES.join(", ")}` });
      }
    })
    .meta({ oneOf: ["header", "responseHeader", "attribute"].map((key) => ({ required: [key] })) }),
]);
const COST_SOURCES = ["header", "responseHeader", "attribute"] as const;

const keyPart = maskableValue({
  onMissing: z
    .enum(["skip", "empty", "deny"])
    .default("empty")
    .describe(
      "A request where this part is absent or repeated: `empty` shares one bucket with all such requests, `skip` is not limited here, `deny` is refused.",
    ),
});

const limit = z
  .strictObject({
    name: z
      .string()
      .regex(/^[\x20-\x7e]{1,64}$/, "must be 1 to 64 characters of visible ASCII and spaces")
      .describe("In headers, stats, logs and response code details; buckets belong to it."),
    when: z.array(condition).default([]).describe("Which requests it is about: all conditions must hold [all requests]."),
    key: z.array(keyPart).default([]).describe("What each bucket is for: values of the request [one bucket for all]."),
    ...rates,
    overrides: z
      .array(override)
      .default([])
      .superRefine(distinct("key", "has an override already"))
      .describe("Other numbers, or another mode, for single keys."),
    perRoute: z
      .boolean()
      .default(false)
      .describe("The route's or virtual host's metadata under `meshscript.ratelimit` may bring other numbers."),
    cost: cost.default(1).describe("What a request takes: a number, a header, a header of the response, or an attribute."),
    charge: z
      .enum(["before", "after"])
      .optional()
      .describe("`after`: when the stream is over; admission then asks only for one that is left [`before`, unless the cost comes later]."),
    mode: mode.default("enforce"),
    enforcePercentage: percentage.default(100).describe("Share of what it refuses that really is; the rest is counted as in shadow mode."),
    onError: z
      .enum(["deny", "allow"])
      .default("deny")
      .describe("What cannot be counted: the table of keys is full of live ones, or its slot is fought for too hard."),
    batch: z.int().min(1).max(1_000).default(1).describe("Permits that a worker takes at once: cheaper, and less exact."),
  })
  .superRefine(ratesOr("perRoute"))
  .superRefine((given, context) => {
    const parts = given.key?.length ?? 0;
    given.overrides?.forEach((entry, i) => {
      if (entry.key.length !== parts) {
        const message = `must hold one value for each part of the limit's key, which has ${parts}`;
        context.addIssue({ code: "custom", path: ["overrides", i, "key"], message });
      }
      if (!hasRates(given) && !hasRates(entry) && entry.mode !== undefined && entry.mode !== "off") {
        const message = "must be off, for the limit has no numbers of its own";
        context.addIssue({ code: "custom", path: ["overrides", i, "mode"], message });
      }
    });
    const late =
      typeof given.cost === "object" &&
      (given.cost.responseHeader !== undefined || (given.cost.attribute ?? "request.size") !== "request.size");
    if (late && given.charge === "before") {
      context.addIssue({ code: "custom", path: ["charge"], message: "must be after: the cost is not known before the response" });
    }
    const widest = Math.max(given.windows?.length ?? 1, ...(given.overrides ?? []).map((entry) => entry.windows?.length ?? 1));
    const simple = typeof given.cost !== "object" && given.charge !== "after" && widest === 1;
    if ((given.batch ?? 1) > 1 && !simple) {
      context.addIssue({
        code: "custom",
        path: ["batch"],
        message: "is for limits with one rate and a cost that is a number, charged before",
      });
    }
  })
  .meta(ratesOrSchema("perRoute"));

const refusal = localReply({
  status: z.int().min(400).max(599),
  defaultStatus: 429,
  body: "Too many requests",
  reserved: ["retry-after", "ratelimit", "ratelimit-policy", ...["limit", "remaining", "reset"].map((what) => `x-ratelimit-${what}`)],
  grpcStatus: z.enum(["RESOURCE_EXHAUSTED", "UNAVAILABLE"]).default("RESOURCE_EXHAUSTED").describe("`UNAVAILABLE` makes clients retry."),
});

/** The configuration of the ratelimit filter: the source of config.schema.json, of the README's table, and of editor completion. */
export const ratelimitConfig = z.strictObject({
  limits: z
    .array(limit)
    .default([])
    .superRefine(distinct("name", "is another limit's name already"))
    .describe("All that match a request are asked; it is admitted when all admit it."),
  responseHeaders: z
    .array(z.enum(["draft", "x-ratelimit"]))
    .refine((names) => new Set(names).size === names.length, "is in the list already")
    .meta({ uniqueItems: true })
    .default(["draft"])
    .describe(
      "`draft`: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10). `x-ratelimit`: `X-RateLimit-Limit`, `-Remaining`, `-Reset` (draft-polli-ratelimit-headers-03, as Envoy's own). `[]`: only `Retry-After`.",
    ),
  keySlots: z.int().min(16).max(16_777_216).default(65_536).describe("Keys in use at once that each limit has room for."),
  domain: z.string().default("").describe("Limits of one name in one domain share their buckets, in all plugins of a `vm_id`."),
  refusal: refusal.optional().describe("The answer to what is refused."),
});

/** What a route or virtual host may say under `meshscript.ratelimit`, by the name of a limit with `perRoute`. */
export const ratelimitMetadata = z
  .record(
    z.string(),
    z
      .strictObject({
        requests: requests.optional(),
        per: per.optional(),
        burst: burst.optional(),
        mode: mode.optional(),
        bucket: z.string().optional().describe("Routes with the same numbers share their buckets; another name here tells them apart."),
      })
      .superRefine((given, context) => {
        if (given.mode === "off" && !hasRates(given)) return;
        for (const key of ["requests", "per"] as const) {
          if (given[key] === undefined) context.addIssue({ code: "custom", message: `${key} is missing` });
        }
        countable(given, context);
      })
      .meta({
        anyOf: [
          { required: ["requests", "per"] },
          { required: ["mode"], properties: { mode: { const: "off" }, requests: false, per: false, burst: false } },
        ],
      }),
  )
  .describe("Numbers of a route for limits with `perRoute`, by the limit's name.");

/** A configuration as a user writes it; every field is optional. */
export type RateLimitConfig = z.input<typeof ratelimitConfig>;

interface Rates {
  requests?: number | undefined;
  per?: string | undefined;
  burst?: number | undefined;
  windows?: unknown;
}

function hasRates({ requests, per, burst, windows }: Rates): boolean {
  return [requests, per, burst, windows].some((value) => value !== undefined);
}

/** Needs `requests` and `per`, or `windows` alone; or neither, where `instead` is there. */
function ratesOr(instead: "mode" | "perRoute") {
  return (given: Rates & { mode?: unknown; perRoute?: boolean | undefined }, context: z.RefinementCtx) => {
    const problem = (message: string) => context.addIssue({ code: "custom", message });
    const single = given.requests !== undefined || given.per !== undefined || given.burst !== undefined;
    if (given.windows !== undefined) {
      if (single) problem("windows stands in place of requests, per and burst");
      return;
    }
    if (single) {
      if (given.requests === undefined) problem("requests is missing");
      if (given.per === undefined) problem("per is missing");
      countable(given, context);
      return;
    }
    const excused = instead === "mode" ? given.mode !== undefined : given.perRoute === true;
    if (!excused) problem(instead === "mode" ? "needs requests and per, windows or mode" : "needs requests and per, or windows");
  };
}

function ratesOrSchema(instead: "mode" | "perRoute"): Record<string, unknown> {
  const none = { properties: { requests: false, per: false, burst: false, windows: false } };
  const excused = instead === "mode" ? { required: ["mode"] } : { required: ["perRoute"], properties: { perRoute: { const: true } } };
  return {
    anyOf: [
      { required: ["requests", "per"], properties: { windows: false } },
      { required: ["windows"], properties: { requests: false, per: false, burst: false } },
      { allOf: [excused, none] },
    ],
  };
}

/** The filter counts in 64 bits, without rounding: `filters/ratelimit/assembly/core/rate.ts`. */
function countable(given: Rates, context: z.RefinementCtx): void {
  const { requests, per, burst = requests } = given;
  // What is out of range has been said; a schema still asks.
  if (typeof per !== "string" || !isCount(requests) || !isCount(burst)) return;
  const nanoseconds = nanosecondsOf(per);
  if (nanoseconds === undefined || nanoseconds < 1_000_000n || nanoseconds > 366n * 24n * 3_600_000_000_000n) {
    context.addIssue({ code: "custom", path: ["per"], message: "must be from 1ms to 8784h" });
    return;
  }
  const most = ((1n << 61n) - 1n) / BigInt(burst);
  if (nanoseconds / gcd(nanoseconds, BigInt(requests)) <= most) return;
  const path = [given.burst === undefined ? "requests" : "burst"];
  context.addIssue({ code: "custom", path, message: "with this per is too large to be counted exactly: choose rounder numbers" });
}

function isCount(value: number | undefined): value is number {
  return Number.isInteger(value) && Number(value) >= 1;
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}
