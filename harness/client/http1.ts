import { type Socket, connect as connectPlain } from "node:net";
import { TLSSocket, connect as connectTls } from "node:tls";
import type { Address } from "../envoy/builders.ts";
import type { HeaderPairs } from "../upstreams/types.ts";
import { chunksOf, toPairs, valuesOf, wholeBody } from "./headers.ts";
import { ResponseParser } from "./http1-parser.ts";
import { IncompleteResponse, toResponse } from "./response.ts";
import { reasonOf, sessionOf, tlsOptions } from "./tls.ts";
import type { HttpRequest, HttpResponse, TlsSession } from "./types.ts";

/** One request on one fresh connection, which is closed after the answer: no pool, so nothing can outlive `stop()`. */
export function sendHttp1(address: Address, request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const parser = new ResponseParser(request.method === "HEAD");
    const tls = tlsOptions(request);
    const { host, port } = address;
    const socket = tls ? connectTls({ ...tls, host, port }) : connectPlain({ host, port });
    socket.setNoDelay(true);
    let session: { tls?: TlsSession } = {};
    const finish = (settle: () => void) => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      settle();
    };
    const fail = (error: unknown) => finish(() => reject(error));
    const onAbort = () => {
      const reason: unknown = signal.reason;
      fail(typeof reason === "string" ? new IncompleteResponse("MS0409", reason, parser.parts) : reason);
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort);

    const check = () => {
      const parts = parser.parts;
      if (parser.done && parts) finish(() => resolve(toResponse({ ...parts, ...session })));
    };
    socket.on("data", (data) => {
      try {
        parser.push(data);
        check();
      } catch (error) {
        fail(error);
      }
    });
    socket.on("end", () => {
      parser.end();
      check();
      if (!parser.done) fail(new IncompleteResponse("MS0408", "the connection was closed", parser.parts));
    });
    socket.on("error", (error) => fail(new IncompleteResponse("MS0408", `the connection broke (${reasonOf(error)})`, parser.parts)));
    // Not before the server's certificate has been verified, when there is one.
    socket.once(tls ? "secureConnect" : "connect", () => {
      if (socket instanceof TLSSocket) session = { tls: sessionOf(socket) };
      write(socket, address, request).catch((error: unknown) => {
        // A peer that answers and closes while we still write shows up as an event of the socket, which tells more.
        if (!socket.destroyed) fail(error);
      });
    });
  });
}

async function write(socket: Socket, address: Address, request: HttpRequest): Promise<void> {
  const { method = "GET", path = "/", body } = request;
  const headers = toPairs(request.headers);
  const trailers = toPairs(request.trailers);
  const has = (name: string) => valuesOf(headers, name).length > 0;
  const whole = trailers.length === 0 ? wholeBody(body) : undefined;
  if (!has("host")) headers.unshift(["host", `${address.host}:${address.port}`]);
  if (!has("content-length") && !has("transfer-encoding")) {
    if (whole === undefined) headers.push(["transfer-encoding", "chunked"]);
    else if (body !== undefined) headers.push(["content-length", String(whole.length)]);
  }
  const chunked = valuesOf(headers, "transfer-encoding").some((value) => /chunked/i.test(value));

  socket.write(`${method} ${path} HTTP/1.1\r\n${fields(headers)}\r\n`, "latin1");
  for await (const piece of chunksOf(body)) {
    if (piece.length === 0) continue;
    if (chunked) socket.write(`${piece.length.toString(16)}\r\n`);
    await drained(socket, piece);
    if (chunked) socket.write("\r\n");
  }
  if (chunked) socket.write(`0\r\n${fields(trailers)}\r\n`, "latin1");
}

function fields(pairs: HeaderPairs): string {
  return pairs.map(([name, value]) => `${name}: ${value}\r\n`).join("");
}

/** Waits for room, or for the end of the connection, whichever comes first. */
function drained(socket: Socket, data: Buffer): Promise<void> {
  return new Promise((resolve, reject) => socket.write(data, (error) => (error ? reject(error) : resolve())));
}
