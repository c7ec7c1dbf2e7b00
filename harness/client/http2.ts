import { type OutgoingHttpHeaders, connect } from "node:http2";
import { TLSSocket } from "node:tls";
import type { Address } from "../envoy/builders.ts";
import { chunksOf, fromRaw, toPairs } from "./headers.ts";
import { IncompleteResponse, type ResponseParts, toResponse } from "./response.ts";
import { reasonOf, sessionOf, tlsOptions, usesTls } from "./tls.ts";
import type { HttpRequest, HttpResponse } from "./types.ts";

const LARGE = 1 << 24;

/** One request over HTTP/2, with TLS or without (prior knowledge), on a connection of its own. */
export function sendHttp2(address: Address, request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    let parts: ResponseParts | undefined;
    const body: Buffer[] = [];
    const informational: number[] = [];
    // Node's limits on answers are lower than what a filter under test may produce.
    const session = connect(`${schemeOf(request)}://${address.host}:${address.port}`, {
      ...tlsOptions(request),
      maxHeaderListPairs: 10_000,
      maxSendHeaderBlockLength: LARGE,
      settings: { maxHeaderListSize: LARGE },
    });
    const soFar = (): ResponseParts | undefined => parts && { ...parts, body: Buffer.concat(body) };
    const finish = (settle: () => void) => {
      signal.removeEventListener("abort", onAbort);
      session.destroy();
      settle();
    };
    const fail = (error: unknown) => finish(() => reject(error));
    const broken = (error: Error) => fail(new IncompleteResponse("MS0408", `the stream broke (${reasonOf(error)})`, soFar()));
    const onAbort = () => {
      const reason: unknown = signal.reason;
      fail(typeof reason === "string" ? new IncompleteResponse("MS0409", reason, soFar()) : reason);
    };
    session.on("error", broken);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort);

    const trailers = toPairs(request.trailers);
    const hasBody = request.body !== undefined || trailers.length > 0;
    let stream: ReturnType<typeof session.request>;
    try {
      stream = session.request(requestHeaders(address, request), { endStream: !hasBody, waitForTrailers: trailers.length > 0 });
    } catch (error) {
      return fail(error);
    }
    stream.on("wantTrailers", () => stream.sendTrailers(grouped(trailers)));
    // The typings do not know the raw list, which alone keeps order and repetition.
    stream.on("headers", (headers) => informational.push(Number(headers[":status"])));
    stream.on("response", (headers, _flags, raw?: string[]) => {
      const pairs = fromRaw(raw ?? []).filter(([name]) => !name.startsWith(":"));
      parts = {
        status: Number(headers[":status"]),
        reason: "",
        httpVersion: "2.0",
        headers: pairs,
        body: Buffer.alloc(0),
        trailers: [],
        informational,
        ...(session.socket instanceof TLSSocket ? { tls: sessionOf(session.socket) } : {}),
      };
    });
    stream.on("trailers", (_headers: unknown, _flags: unknown, raw?: string[]) => {
      if (parts) parts.trailers = fromRaw(raw ?? []);
    });
    stream.on("data", (data: Buffer) => body.push(data));
    stream.on("error", broken);
    stream.on("close", () => {
      const complete = soFar();
      if (stream.rstCode !== 0 || !complete) broken(new Error(`RST_STREAM ${stream.rstCode}`));
      else finish(() => resolve(toResponse(complete)));
    });
    if (hasBody) {
      sendBody(stream, request).catch((error: unknown) => {
        if (!stream.destroyed) fail(error);
      });
    }
  });
}

async function sendBody(stream: NodeJS.WritableStream, request: HttpRequest): Promise<void> {
  for await (const piece of chunksOf(request.body)) {
    await new Promise<void>((resolve, reject) => stream.write(piece, (error) => (error ? reject(error) : resolve())));
  }
  stream.end();
}

const schemeOf = (request: HttpRequest) => (usesTls(request) ? "https" : "http");

function requestHeaders(address: Address, request: HttpRequest): OutgoingHttpHeaders {
  const { method = "GET", path = "/", headers } = request;
  const own = grouped(toPairs(headers));
  const { host, ...rest } = own;
  return {
    ":method": method,
    ":path": path,
    ":scheme": schemeOf(request),
    ":authority": host ?? `${address.host}:${address.port}`,
    ...rest,
  } as OutgoingHttpHeaders;
}

function grouped(pairs: ReadonlyArray<readonly [string, string]>): OutgoingHttpHeaders {
  const result: Record<string, string | string[]> = {};
  for (const [name, value] of pairs) {
    const key = name.toLowerCase();
    const old = result[key];
    result[key] = old === undefined ? value : [...(typeof old === "string" ? [old] : old), value];
  }
  return result;
}
