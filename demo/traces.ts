import type { Mesh } from "./mesh.ts";
import { spansOf } from "./spans.ts";
import { type TraceTree, buildTree } from "./trace-tree.ts";
import { viewTrace } from "./trace-view.ts";
import { gather } from "./watch.ts";

const SHOWN = 5;

/** The last traces, the newest first, each built from what sidecars logged and services received until now. */
export async function lastTraces(mesh: Mesh, count = SHOWN): Promise<TraceTree[]> {
  const { spans } = spansOf(await gather(mesh), mesh.recorder.since());
  const newest = [...new Set(spans.map(({ traceId }) => traceId))].slice(-count).reverse();
  return newest.flatMap((id) => {
    const trace = spans.filter(({ traceId }) => traceId === id);
    // What a client sent with its request is the one parent that no span of ours has.
    const ids = new Set(trace.map(({ spanId }) => spanId));
    const client = trace.find(({ name, parentId }) => name === "ingress" && !ids.has(parentId ?? ""))?.parentId;
    const tree = buildTree(trace, client);
    // A client may make several requests with one traceparent: that is no fault, and each is a tree.
    const again = tree.roots.length > 1 && tree.roots.every(({ span }) => span.name === "ingress" && span.parentId === client);
    return again ? tree.roots.map((root) => ({ roots: [root], problems: [] })) : [tree];
  });
}

/** The last traces as text: for `curl`, and for a browser tab beside the page. */
export async function tracesText(mesh: Mesh): Promise<string> {
  const trees = await lastTraces(mesh);
  const text = trees.map((tree) => viewTrace(tree).join("\n")).join("\n\n");
  return `${text || "no traces yet: ask for the page first"}\n`;
}
