import type { ConfigObject } from "../../harness/envoy/types.ts";
import { envoyDuration, seconds } from "../model/durations.ts";
import type { CorsPolicy, HttpFault, Percent } from "../resources/types/index.ts";
import { stringMatcher } from "./match.ts";

const TYPE = "type.googleapis.com/envoy.extensions.filters.http";

/** Istio's percentage with fractions, in Envoy's millionths. */
export const millionths = (percentage: Percent): ConfigObject => ({
  numerator: Math.trunc((percentage.value ?? 0) * 10_000),
  denominator: "MILLION",
});

export const hundredths = (percent: number): ConfigObject => ({ numerator: percent, denominator: "HUNDRED" });

/** gRPC's codes by name. https://github.com/grpc/grpc/blob/master/doc/statuscodes.md */
export const grpcCodes = [
  ...["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED"],
  ...["RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"],
  "UNAUTHENTICATED",
];

/** Envoy's own fault filter; undefined for a fault that does nothing. */
export function fault({ delay, abort }: HttpFault): ConfigObject | undefined {
  const delayed = delay?.fixedDelay
    ? {
        percentage: delay.percentage ? millionths(delay.percentage) : hundredths(delay.percent ?? 0),
        fixed_delay: envoyDuration(delay.fixedDelay),
      }
    : undefined;
  const error =
    abort?.httpStatus !== undefined
      ? { http_status: abort.httpStatus }
      : abort?.grpcStatus !== undefined
        ? { grpc_status: grpcCodes.indexOf(abort.grpcStatus) }
        : undefined;
  const aborted = error && { ...(abort?.percentage ? { percentage: millionths(abort.percentage) } : {}), ...error };
  if (!delayed && !aborted) return undefined;
  return { "@type": `${TYPE}.fault.v3.HTTPFault`, ...(delayed ? { delay: delayed } : {}), ...(aborted ? { abort: aborted } : {}) };
}

export function cors(policy: CorsPolicy): ConfigObject {
  const origins = policy.allowOrigins?.map(stringMatcher) ?? policy.allowOrigin?.map((exact) => ({ exact }));
  const list = (names: readonly string[] | undefined) => (names?.length ? names.join(",") : undefined);
  const fields = {
    allow_origin_string_match: origins?.length ? origins : undefined,
    allow_methods: list(policy.allowMethods),
    allow_headers: list(policy.allowHeaders),
    expose_headers: list(policy.exposeHeaders),
    max_age: policy.maxAge === undefined ? undefined : String(Math.trunc(seconds(policy.maxAge))),
    allow_credentials: policy.allowCredentials,
    filter_enabled: { default_value: hundredths(100) },
    forward_not_matching_preflights: policy.unmatchedPreflights !== "IGNORE",
  };
  return {
    "@type": `${TYPE}.cors.v3.CorsPolicy`,
    ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
  };
}

/** Envoy's RequestMirrorPolicy; undefined for a mirror of nothing. @param share [everything] */
export function mirror(cluster: string, share: Percent | number | undefined): ConfigObject | undefined {
  const fraction = typeof share === "number" ? hundredths(share) : share === undefined ? hundredths(100) : millionths(share);
  const value = typeof share === "object" ? (share.value ?? 0) : (share ?? 100);
  if (value <= 0) return undefined;
  return { cluster, runtime_fraction: { default_value: fraction }, trace_sampled: false, disable_shadow_host_suffix_append: true };
}
