import type { LocalReply } from "../context/context.ts";
import { HeaderMap } from "./header-map.ts";
import type { HttpStream } from "./stream.ts";

/** A local reply as messages. */
export interface PreparedReply {
  headers: HeaderMap;
  body: Buffer;
}

/** What gRPC status stands for an HTTP code (grpc doc/http-grpc-status-mapping.md). */
const grpcOf: Readonly<Record<number, number>> = { 400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14 };

/**
 * Makes the messages of a local reply, as Envoy does (source/common/http/utility.cc, prepareLocalReply): a gRPC request gets a trailers-only
 * answer with 200, HEAD gets no body, text/plain unless the filter said otherwise.
 */
export function prepareReply(stream: HttpStream, reply: LocalReply): PreparedReply {
  const { head: isHead, grpc } = stream.kind;
  const headers = new HeaderMap("response", [[":status", String(reply.status & 0xffff)], ...reply.headers]);
  // What the filter says of the status is overwritten.
  headers.set(":status", String(reply.status & 0xffff));
  if (grpc) {
    headers.replace(":status", "200");
    headers.replace("content-type", "application/grpc");
    if (!headers.get("grpc-status")) {
      const known = reply.grpcStatus >= 0 && reply.grpcStatus <= 16;
      headers.replace("grpc-status", String(known ? reply.grpcStatus : (grpcOf[reply.status] ?? 2)));
    }
    if (reply.body !== "" && !isHead) headers.replace("grpc-message", percentEncoded(reply.body));
    headers.remove("content-length");
    return { headers, body: Buffer.alloc(0) };
  }
  if (reply.body === "") {
    headers.remove("content-length");
    headers.remove("content-type");
  } else {
    headers.set("content-length", String(reply.body.length));
    if (!headers.has("content-type")) headers.add("content-type", "text/plain");
  }
  return { headers, body: isHead ? Buffer.alloc(0) : Buffer.from(reply.body, "latin1") };
}

/** gRPC's encoding of `grpc-message`: printable ASCII but `%`. */
function percentEncoded(text: string): string {
  return [...text]
    .map((char) => {
      const code = char.charCodeAt(0);
      const plain = code >= 0x20 && code < 0x7f && char !== "%";
      return plain ? char : `%${code.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}
