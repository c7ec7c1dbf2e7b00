import { createServer } from "node:http";
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

/** Serves the last traces as text on loopback: for `curl`, and for a browser tab beside the page. */
export async function serveTraces(mesh: Mesh): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = createServer((_request, response) => {
    lastTraces(mesh).then(
      (trees) => {
        const text = trees.map((tree) => viewTrace(tree).join("\n")).join("\n\n");
        response
          .writeHead(200, { "content-type": "text/plain; charset=utf-8" })
          .end(`${text || "no traces yet: ask for the page first"}\n`);
      },
      (error: unknown) => response.writeHead(500, { "content-type": "text/plain" }).end(`${String(error)}\n`),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://${address.address}:${address.port}/`, stop };
}
