import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { HttpResponse, ReceivedRequest, TcpConnection, Upstream } from "../../harness/index.ts";

/** What the client got. */
export function clientLines(response: HttpResponse): string[] {
  const { status, headers, body, trailers, informational } = response;
  const before = informational.map((code) => `${code}, `).join("");
  return [
    `client ${before}${status} ${pairs(headers)}`,
    ...(body.length > 0 ? [`client body ${bytes(body)}`] : []),
    ...(trailers.length > 0 ? [`client trailers ${pairs(trailers)}`] : []),
  ];
}

/** What an upstream got: whole requests, by path, since those that are under way at the same time come in any order. */
export async function upstreamLines(name: string, upstream: Pick<Upstream, "arrivals">): Promise<string[]> {
  const whole: ReceivedRequest[] = [];
  for (const { complete } of upstream.arrivals) {
    const request = await Promise.race([complete.catch(() => undefined), setImmediate(undefined)]);
    if (request) whole.push(request);
  }
  return whole
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
    .flatMap(({ method, path, headers, body, trailers }) => [
      `upstream ${name}: ${method} ${text(path)} ${pairs(headers)}`,
      ...(body.length > 0 ? [`upstream ${name}: body ${bytes(body)}`] : []),
      ...(trailers.length > 0 ? [`upstream ${name}: trailers ${pairs(trailers)}`] : []),
    ]);
}

/** What came on each connection, and how the other side ended it. */
export function connectionLines(who: string, connections: readonly TcpConnection[]): string[] {
  return connections.map(
    ({ received, ended }) => `${who} got ${received.length > 0 ? bytes(received) : "nothing"}, then ${ended ?? "no end"}`,
  );
}

function pairs(pairs: readonly (readonly [string, string])[]): string {
  const shown = pairs.map(([name, value]) => `${text(name)}: ${text(value)}`);
  return shown.length > 60 ? `[${shown.slice(0, 3).join(", ")}, ... ${shown.length} in all]` : `[${shown.join(", ")}]`;
}

function text(value: string): string {
  const shown = value.replace(/[^\x20-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return shown.length > 200 ? `${shown.slice(0, 32)}...(${value.length})` : shown;
}

function bytes(body: Buffer): string {
  const whole = body.toString("latin1");
  if (body.length <= 200) return JSON.stringify(text(whole));
  return `${JSON.stringify(text(whole.slice(0, 32)))}...(${body.length} bytes, ${createHash("sha256").update(body).digest("hex").slice(0, 8)})`;
}
