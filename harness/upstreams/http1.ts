import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { chunksOf, fromRaw, toPairs, valuesOf, wholeBody } from "../client/headers.ts";
import { receive } from "./received.ts";
import type { Handle, Listening } from "./serve.ts";
import { listen } from "./serve.ts";
import type { UpstreamResponse } from "./types.ts";

/** An HTTP/1.1 server that hides nothing: no limit on the number of headers, no required host, no keep-alive timeout of its own. */
export function serveHttp1(port: number, handle: Handle): Promise<Listening> {
  const server = createServer({ maxHeaderSize: 1 << 24, requireHostHeader: false, keepAliveTimeout: 0, requestTimeout: 0 });
  server.maxHeadersCount = 0;
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const headers = fromRaw(request.rawHeaders);
    const { head, complete, fail } = receive({
      method: request.method ?? "",
      path: request.url ?? "",
      authority: valuesOf(headers, "host")[0],
      httpVersion: request.httpVersion,
      headers,
    });
    const body: Buffer[] = [];
    request.on("data", (data: Buffer) => body.push(data));
    request.on("end", () => complete(Buffer.concat(body), fromRaw(request.rawTrailers)));
    request.on("close", () => fail(new Error("the client left before the request was complete")));
    response.on("error", () => undefined);
    handle(
      head,
      (answer) => reply(response, answer),
      () => request.socket.resetAndDestroy(),
    );
  });
  server.on("clientError", (_error, socket) => socket.destroy());
  return listen(server, port, () => server.closeAllConnections());
}

async function reply(response: ServerResponse, answer: UpstreamResponse): Promise<void> {
  const headers = toPairs(answer.headers);
  const trailers = toPairs(answer.trailers);
  const whole = trailers.length === 0 && answer.reset === undefined ? wholeBody(answer.body) : undefined;
  const framed = valuesOf(headers, "content-length").length > 0 || valuesOf(headers, "transfer-encoding").length > 0;
  const status = answer.status ?? 200;
  const bodiless = status === 204 || status === 304 || status < 200;
  if (!framed && !bodiless) headers.push(whole ? ["content-length", String(whole.length)] : ["transfer-encoding", "chunked"]);
  // No date of Node's own: the pairs are exactly what the test asked for.
  response.sendDate = false;
  response.writeHead(status, headers.flat());
  // Sends the headers now. Not flushHeaders(): that writes them as UTF-8, and a byte above 0x7f would become two.
  response.write(Buffer.alloc(0));
  for await (const piece of chunksOf(answer.body)) {
    if (piece.length > 0)
      await new Promise<void>((resolve, reject) => response.write(piece, (error) => (error ? reject(error) : resolve())));
  }
  if (answer.reset === "mid-body") {
    response.socket?.resetAndDestroy();
    return;
  }
  if (trailers.length > 0) response.addTrailers(trailers);
  response.end();
}
