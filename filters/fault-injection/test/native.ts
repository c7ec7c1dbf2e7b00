import type { ConfigObject, NativeFilterSpec } from "../../../harness/index.ts";

/** A share as Envoy's own filter has it. */
export interface Share {
  numerator: number;
  denominator: "HUNDRED" | "TEN_THOUSAND" | "MILLION";
}

/** What Envoy's own fault filter is configured by, as far as ours has it too. */
export interface NativeFault {
  delay?: ({ fixed_delay: string } | { header_delay: ConfigObject }) & { percentage?: Share };
  abort?: ({ http_status: number } | { grpc_status: number } | { header_abort: ConfigObject }) & { percentage?: Share };
  max_active_faults?: number;
}

/** Nothing given is nothing injected there, and everything here. */
export const ALWAYS: Share = { numerator: 100, denominator: "HUNDRED" };

/** Envoy's own fault filter. */
export function native(fault: NativeFault): NativeFilterSpec {
  return {
    name: "envoy.filters.http.fault",
    typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault", ...fault },
  };
}
