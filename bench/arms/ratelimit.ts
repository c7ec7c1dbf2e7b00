import { native } from "../../filters/ratelimit/test/native.ts";
import type { Feature, Way } from "./feature.ts";
import { request } from "./request.ts";

/** By user. */
const ours = (requests: number, per: string) => ({ limits: [{ name: "per-user", key: [{ header: "x-user" }], requests, per }] });
const rust = (requests: number, seconds: number) => ({ name: "per-user", header: "x-user", requests, per_seconds: seconds });

const MANY = 1_000_000;

const admitted = (stats: string): Way["evidence"] => [
  {
    answer: {
      "x-state-ratelimit": /^verdict=admitted$/,
      "ratelimit-policy": /^"per-user";q=1000000;w=/,
      ratelimit: /^"per-user";r=\d+;t=1$/,
    },
  },
  { stats: [stats] },
];
const refused = (stats: string): Way["evidence"] => [
  { answer: { ratelimit: /^"per-user";r=0;t=\d+$/, "retry-after": /^\d+$/ }, stats: [stats] },
];

/** The same limit for fewer host calls: permits in batches, and no headers that tell of them. */
export const withFewerCalls: Feature = {
  name: "ratelimit",
  scenarios: {
    allow: {
      request,
      status: 200,
      ways: {
        ours: {
          config: { limits: ours(MANY, "1s").limits.map((limit) => ({ ...limit, batch: 16 })), responseHeaders: [] },
          evidence: [{ answer: { "x-state-ratelimit": /^verdict=admitted$/ } }, { stats: ["meshscript_ratelimit_admitted_total$"] }],
        },
      },
    },
  },
};

export const ratelimit: Feature = {
  name: "ratelimit",
  scenarios: {
    allow: {
      request,
      status: 200,
      ways: {
        ours: { config: ours(MANY, "1s"), evidence: admitted("meshscript_ratelimit_admitted_total$") },
        rust: { config: rust(MANY, 1), evidence: admitted("rust_ratelimit_admitted_total$") },
        native: {
          filters: [native({ max_tokens: MANY, tokens_per_fill: MANY, fill_interval: "1s" })],
          evidence: [{ stats: ["native\\.http_local_rate_limit\\.ok$"] }],
        },
      },
    },
    refuse: {
      request,
      status: 429,
      ways: {
        ours: { config: ours(1, "24h"), evidence: refused("meshscript_ratelimit_refused_total$") },
        rust: { config: rust(1, 86_400), evidence: refused("rust_ratelimit_refused_total$") },
        native: {
          filters: [native({ max_tokens: 1, tokens_per_fill: 1, fill_interval: "86400s" })],
          evidence: [{ stats: ["native\\.http_local_rate_limit\\.rate_limited$"] }],
        },
      },
    },
  },
};
