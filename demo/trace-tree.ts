/** A span as a proxy logged it: one pass of a request through one listener. */
export interface Span {
  traceId: string;
  spanId: string;
  /** The span that caused it; undefined when it began the trace. */
  parentId: string | undefined;
  sampled: boolean;
  /** Which hop it was. */
  name: string;
  status: number;
  /** Seconds since 1970. */
  start: number;
  microseconds: number;
  /** The workload whose application received the request with this span as its parent. */
  receivedBy?: string;
}

export interface TraceNode {
  span: Span;
  children: TraceNode[];
}

export interface TraceTree {
  /** One when all is well. */
  roots: TraceNode[];
  /** What keeps the spans from being one trace, in sentences. */
  problems: string[];
}

/**
 * Puts spans together by their parents. Their order does not matter; siblings are sorted by time.
 *
 * @param client The client's own span, when it sent one: the parent of the first hop, and no span of ours.
 */
export function buildTree(spans: readonly Span[], client?: string): TraceTree {
  const problems: string[] = [];
  const sorted = [...spans].sort(byTime);
  const nodes = new Map<string, TraceNode>();
  for (const span of sorted) {
    const twin = nodes.get(span.spanId);
    if (twin) problems.push(`span ${span.spanId} is there twice: ${twin.span.name} and ${span.name}`);
    else nodes.set(span.spanId, { span, children: [] });
  }
  const traces = [...new Set(sorted.map(({ traceId }) => traceId))];
  if (traces.length > 1) problems.push(`${traces.length} trace ids: ${traces.join(", ")}`);

  const roots: TraceNode[] = [];
  for (const node of nodes.values()) {
    const { name, parentId } = node.span;
    const parent = parentId === undefined ? undefined : nodes.get(parentId);
    if (parent) parent.children.push(node);
    else {
      roots.push(node);
      if (parentId === client) continue;
      problems.push(
        parentId === undefined ? `${name} began a trace of its own` : `${name}: its parent ${parentId} is no span of this trace`,
      );
    }
  }
  if (roots.length > 1) problems.push(`${roots.length} roots: ${roots.map(({ span }) => span.name).join(", ")}`);
  const reached = new Set(roots.flatMap((root) => [...walk(root)]).map(({ node }) => node));
  const lost = [...nodes.values()].filter((node) => !reached.has(node));
  if (lost.length > 0) problems.push(`spans that are their own ancestors: ${lost.map(({ span }) => span.name).join(", ")}`);
  if (spans.length === 0) problems.push("no spans at all");
  return { roots, problems };
}

/** Every node with its depth and its parent, from the root down. */
export function* walk(node: TraceNode, depth = 0, parent?: TraceNode): Generator<{ node: TraceNode; depth: number; parent?: TraceNode }> {
  yield { node, depth, ...(parent ? { parent } : {}) };
  for (const child of node.children) yield* walk(child, depth + 1, node);
}

/** Total, so that the tree does not depend on the order in which the spans came. */
function byTime(a: Span, b: Span): number {
  return a.start - b.start || compare(a.spanId, b.spanId) || compare(a.name, b.name) || compare(a.traceId, b.traceId);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
