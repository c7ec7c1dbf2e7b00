// Spans as collectors get them, in either format.
import { eventually } from "../../../harness/expect/index.ts";
import type { Host, ReceivedRequest, Target } from "../../../harness/index.ts";

/** One span, whatever the format that it came in. */
export interface SpanView {
  trace: string;
  id: string;
  parent: string | undefined;
  kind: "SERVER" | "CLIENT";
  name: string;
  service: string | undefined;
  /** Microseconds. */
  start: number;
  duration: number;
  /** Tags and attributes, and those of the resource; numbers as text. */
  attributes: Record<string, string>;
  error: boolean;
}

interface ZipkinSpan {
  traceId: string;
  id: string;
  parentId?: string;
  kind: "SERVER" | "CLIENT";
  name: string;
  timestamp: number;
  duration: number;
  debug?: boolean;
  localEndpoint: { serviceName: string };
  remoteEndpoint?: { ipv4?: string; ipv6?: string; port?: number };
  tags: Record<string, string>;
}

interface Attribute {
  key: string;
  value: { stringValue: string } | { intValue: string };
}

interface OtlpBody {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: {
      scope: { name: string };
      spans: {
        traceId: string;
        spanId: string;
        parentSpanId?: string;
        kind: 2 | 3;
        name: string;
        startTimeUnixNano: string;
        endTimeUnixNano: string;
        attributes: Attribute[];
        status?: { code: number };
      }[];
    }[];
  }[];
}

/** The spans of a batch; throws for what is no batch of either format. */
export function spansOf(batch: ReceivedRequest): SpanView[] {
  const body = JSON.parse(batch.body.toString("utf8")) as ZipkinSpan[] | OtlpBody;
  return Array.isArray(body) ? body.map(ofZipkin) : body.resourceSpans.flatMap(ofResource);
}

function ofZipkin(span: ZipkinSpan): SpanView {
  const { traceId: trace, id, parentId: parent, kind, name, timestamp: start, duration, tags } = span;
  const { error, ...attributes } = tags;
  return {
    trace,
    id,
    parent,
    kind,
    name,
    service: span.localEndpoint.serviceName,
    start,
    duration,
    attributes,
    error: error !== undefined,
  };
}

function ofResource({ resource, scopeSpans }: OtlpBody["resourceSpans"][number]): SpanView[] {
  const shared = ofAttributes(resource.attributes);
  const { "service.name": service, ...rest } = shared;
  return scopeSpans.flatMap(({ spans }) =>
    spans.map((span) => ({
      trace: span.traceId,
      id: span.spanId,
      parent: span.parentSpanId,
      kind: span.kind === 2 ? ("SERVER" as const) : ("CLIENT" as const),
      name: span.name,
      service,
      start: Number(BigInt(span.startTimeUnixNano) / 1_000n),
      duration: Number((BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1_000n),
      attributes: { ...rest, ...ofAttributes(span.attributes) },
      error: span.status?.code === 2,
    })),
  );
}

function ofAttributes(list: Attribute[]): Record<string, string> {
  const names = list.map(({ key }) => key);
  if (new Set(names).size !== names.length) throw new Error(`an attribute is there twice: ${names.join(", ")}`);
  return Object.fromEntries(list.map(({ key, value }) => [key, "stringValue" in value ? value.stringValue : value.intValue]));
}

/** The clock goes on: by itself on Envoy. */
export function pass(target: Target, time: string): void {
  if ("advance" in target) (target as Host).advance(time);
}

/** All spans that a collector has got, when there are so many. */
export function collected(target: Target, count: number, collector = "collector"): Promise<SpanView[]> {
  return eventually(() => {
    const spans = target.upstream(collector).requests.flatMap(spansOf);
    if (spans.length !== count) throw new Error(`${spans.length} spans came, not ${count}`);
    return spans;
  });
}

/** Counters of the export. */
export async function counts(target: Target): Promise<{ exported: number; dropped: number; failures: number }> {
  const of = async (name: string) => (await target.stat(`wasmcustom.meshscript_tracing_${name}_total`)) ?? 0;
  return { exported: await of("spans_exported"), dropped: await of("spans_dropped"), failures: await of("export_failures") };
}
