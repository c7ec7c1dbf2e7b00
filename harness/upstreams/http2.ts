import { type ServerHttp2Session, type ServerHttp2Stream, constants, createServer } from "node:http2";
import { chunksOf, fromRaw, toPairs, valuesOf } from "../client/headers.ts";
import { receive } from "./received.ts";
import type { Handle, Listening } from "./serve.ts";
import { listen } from "./serve.ts";
import type { UpstreamResponse } from "./types.ts";

const LARGE = 1 << 24;

/** An HTTP/2 server without TLS, prior knowledge only. */
export function serveHttp2(port: number, handle: Handle): Promise<Listening> {
  const server = createServer({ maxHeaderListPairs: 10_000, maxSendHeaderBlockLength: LARGE, settings: { maxHeaderListSize: LARGE } });
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
    session.on("error", () => undefined);
  });
  // The typings do not know the raw list, which alone keeps order and repetition.
  server.on("stream", (stream, headers, _flags, raw?: string[]) => {
    const { head, complete, fail } = receive({
      method: String(headers[":method"] ?? ""),
      path: String(headers[":path"] ?? ""),
      authority: headers[":authority"] ?? headers["host"],
      httpVersion: "2.0",
      headers: fromRaw(raw ?? []),
    });
    const body: Buffer[] = [];
    let trailers: [string, string][] = [];
    stream.on("data", (data: Buffer) => body.push(data));
    stream.on("trailers", (_pairs: unknown, _bits: unknown, rawTrailers?: string[]) => {
      trailers = fromRaw(rawTrailers ?? []);
    });
    // Node ends the body of a stream that was reset, too.
    stream.on("end", () => !stream.aborted && complete(Buffer.concat(body), trailers));
    stream.on("close", () => fail(new Error("the client left before the request was complete")));
    stream.on("error", () => undefined);
    handle(
      head,
      (answer) => reply(stream, answer),
      () => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
    );
  });
  return listen(server, port, () => {
    for (const session of sessions) session.destroy();
  });
}

async function reply(stream: ServerHttp2Stream, answer: UpstreamResponse): Promise<void> {
  const trailers = toPairs(answer.trailers);
  const endStream = answer.body === undefined && trailers.length === 0 && answer.reset === undefined;
  stream.on("wantTrailers", () => stream.sendTrailers(grouped(trailers)));
  stream.respond(
    { ":status": answer.status ?? 200, ...grouped(toPairs(answer.headers)) },
    { endStream, waitForTrailers: trailers.length > 0 },
  );
  if (endStream) return;
  for await (const piece of chunksOf(answer.body)) {
    await new Promise<void>((resolve, reject) => stream.write(piece, (error) => (error ? reject(error) : resolve())));
  }
  if (answer.reset === "mid-body") stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else stream.end();
}

function grouped(pairs: ReadonlyArray<readonly [string, string]>): Record<string, string | string[]> {
  const result: Record<string, string | string[]> = {};
  for (const [name] of pairs) {
    const values = valuesOf(
      [...pairs].map(([key, value]) => [key, value]),
      name,
    );
    result[name.toLowerCase()] = values.length === 1 ? (values[0] ?? "") : values;
  }
  return result;
}
