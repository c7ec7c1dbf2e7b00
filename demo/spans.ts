import { type HeaderPairs, valuesOf } from "../harness/index.ts";
import type { Hop } from "./recorder.ts";
import type { Sighting } from "./services/app.ts";
import type { Span } from "./trace-tree.ts";

/** The parts of a traceparent header. */
export interface Traceparent {
  traceId: string;
  spanId: string;
  sampled: boolean;
}

/** Reads a traceparent of version 00; undefined when it is none. */
export function readTraceparent(text: string | undefined): Traceparent | undefined {
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(text ?? "") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** The traceparent of a request, if it has exactly one. */
export function traceparentOf(headers: HeaderPairs): Traceparent | undefined {
  const [one, ...more] = valuesOf(headers, "traceparent");
  return more.length === 0 ? readTraceparent(one) : undefined;
}

/** What the tracing filter wrote down: `action=continue traceparent=00-... parent=...`. */
export function readVerdict(text: string | undefined): (Traceparent & { action: string; parentId: string | undefined }) | undefined {
  const [, action, traceparent, parent] = /^action=(\w+) traceparent=(\S+) parent=(\S+)$/.exec(text ?? "") ?? [];
  const context = readTraceparent(traceparent);
  if (context === undefined || action === undefined) return undefined;
  return { ...context, action, parentId: parent === "-" ? undefined : parent };
}

/** The hops that have a span, as spans, with the service that each reached; and the names of the hops that have none. */
export function spansOf(hops: readonly Hop[], sightings: readonly Sighting[]): { spans: Span[]; untraced: string[] } {
  const receivers = new Map<string, string>();
  for (const { workload, headers } of sightings) {
    const context = traceparentOf(headers);
    if (context) receivers.set(`${context.traceId}-${context.spanId}`, workload);
  }
  const spans: Span[] = [];
  const untraced: string[] = [];
  for (const { name, status, start, microseconds, verdicts } of hops) {
    const verdict = readVerdict(verdicts["tracing"]);
    if (verdict === undefined) {
      untraced.push(name);
      continue;
    }
    const { traceId, spanId, sampled, parentId } = verdict;
    const receivedBy = receivers.get(`${traceId}-${spanId}`);
    spans.push({ traceId, spanId, parentId, sampled, name, status, start, microseconds, ...(receivedBy ? { receivedBy } : {}) });
  }
  return { spans, untraced };
}
