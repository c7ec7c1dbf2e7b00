import type { NativeFilterSpec } from "../../../harness/index.ts";

/** Envoy's own limiter: by the value of x-user, whatever it is: Envoy then makes buckets as they are asked for, 20 at once unless told otherwise. */
export function native(bucket: { max_tokens: number; tokens_per_fill: number; fill_interval: string }): NativeFilterSpec {
  return {
    name: "envoy.filters.http.local_ratelimit",
    typedConfig: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
      stat_prefix: "native",
      filter_enabled: { default_value: { numerator: 100 } },
      filter_enforced: { default_value: { numerator: 100 } },
      token_bucket: { max_tokens: 1_000_000_000, tokens_per_fill: 1_000_000_000, fill_interval: "1s" },
      rate_limits: [{ actions: [{ request_headers: { header_name: "x-user", descriptor_key: "user" } }] }],
      descriptors: [{ entries: [{ key: "user" }], token_bucket: bucket }],
    },
  };
}
