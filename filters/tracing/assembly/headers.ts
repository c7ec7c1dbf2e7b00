import { Bytes, HeaderName } from "proxy-wasm-assemblyscript-sdk";
import { Field } from "./core/incoming";

export const TRACEPARENT: HeaderName = new HeaderName("traceparent");
export const TRACESTATE: HeaderName = new HeaderName("tracestate");
/** By `Field`. */
export const FIELD_NAMES: StaticArray<HeaderName> = [
  TRACEPARENT,
  new HeaderName("b3"),
  new HeaderName("x-b3-traceid"),
  new HeaderName("x-b3-spanid"),
  new HeaderName("x-b3-parentspanid"),
  new HeaderName("x-b3-sampled"),
  new HeaderName("x-b3-flags"),
  new HeaderName("uber-trace-id"),
];
export const BAGGAGE: HeaderName = new HeaderName("baggage");
export const SERVER_TIMING: HeaderName = new HeaderName("server-timing");

/** Headers that carry a trace or its baggage, in the formats that we know of; `strip` removes them all. */
const NAMES: Bytes[] = [
  TRACEPARENT.bytes,
  TRACESTATE.bytes,
  BAGGAGE.bytes,
  FIELD_NAMES[Field.B3].bytes,
  Bytes.of("grpc-trace-bin"),
  FIELD_NAMES[Field.Uber].bytes,
  Bytes.of("jaeger-debug-id"),
  Bytes.of("jaeger-baggage"),
  Bytes.of("x-amzn-trace-id"),
  Bytes.of("x-cloud-trace-context"),
  Bytes.of("x-ot-span-context"),
  Bytes.of("sw8"),
  Bytes.of("sentry-trace"),
  Bytes.of("elastic-apm-traceparent"),
  Bytes.of("newrelic"),
  Bytes.of("x-dynatrace"),
  Bytes.of("traceresponse"),
];
const PREFIXES: Bytes[] = [
  Bytes.of("x-b3-"),
  Bytes.of("uberctx-"),
  Bytes.of("x-datadog-"),
  Bytes.of("sw8-"),
  Bytes.of("ot-tracer-"),
  Bytes.of("ot-baggage-"),
  Bytes.of("x-instana-"),
];

export function isTraceHeader(name: Bytes): bool {
  for (let i = 0; i < NAMES.length; i++) {
    if (NAMES[i].equals(name)) return true;
  }
  for (let i = 0; i < PREFIXES.length; i++) {
    if (name.startsWith(PREFIXES[i])) return true;
  }
  return false;
}
