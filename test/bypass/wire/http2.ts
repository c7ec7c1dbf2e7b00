import { type ClientHttp2Session, connect } from "node:http2";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { Pairs, Wire } from "../types.ts";
import { headersFrames, isHeaders, splitFrames } from "./frames.ts";
import type { Answer } from "./http1.ts";
import { CASE } from "./recorder.ts";

const LIMIT = 15_000;

/** All fields of a request over HTTP/2, pseudo headers first. */
export function fieldsOf(wire: Wire, name: string): Pairs {
  const { method = "GET", target = "/", host = "shop.example.com", headers = [], body } = wire;
  return [
    [":method", method],
    ...(method === "CONNECT" && target === null ? [] : [[":scheme", "http"] as const]),
    ...(host === null ? [] : [[":authority", host] as const]),
    ...(target === null ? [] : [[":path", target] as const]),
    ...headers.filter(([key]) => key.startsWith(":")),
    [CASE, name],
    // Names have no capital letters over HTTP/2, unless it is that which is tried.
    ...headers.filter(([key]) => !key.startsWith(":")),
    ...(body === undefined ? [] : [["content-length", String(body.length)] as const]),
  ];
}

/**
 * Sends a request of which every byte is ours and whose answer Node reads: its own HEADERS frame is replaced on the way out. That keeps both
 * sides' tables in step, for ours uses none.
 */
export function sendHttp2(socket: Socket, wire: Wire, name: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const answer: Answer = { status: 0, location: undefined, text: "" };
    const session = connect("http://upstream", { createConnection: () => swapping(socket, headersFrames(fieldsOf(wire, name))) });
    const finish = () => {
      clearTimeout(timer);
      session.destroy();
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => {
      session.destroy();
      socket.destroy();
      reject(new Error(`${name}: no answer within ${LIMIT} ms`));
    }, LIMIT);
    // A reset, of the stream or of the connection, is an answer, too.
    session.on("error", finish);
    session.on("close", finish);
    session.on("goaway", finish);
    const stream = openStream(session, wire);
    stream.on("response", (headers) => {
      answer.status = Number(headers[":status"]);
      answer.location = headers.location;
    });
    stream.on("data", (data: Buffer) => {
      answer.text += data.toString("latin1");
    });
    stream.on("error", finish);
    stream.on("close", finish);
  });
}

function openStream(session: ClientHttp2Session, { method = "GET", body, target }: Wire) {
  // CONNECT has no end of stream: what is left open is what Envoy waits for.
  const endStream = body === undefined && !(method === "CONNECT" && target === null);
  const stream = session.request({ ":method": "POST", ":path": "/" }, { endStream });
  if (body !== undefined) stream.end(Buffer.from(body, "latin1"));
  return stream;
}

/** A socket on which the HEADERS frame that Node writes is replaced by other frames. */
function swapping(socket: Socket, instead: (flags: number, stream: number) => Buffer): Duplex {
  let pending: Buffer = Buffer.alloc(0);
  const duplex = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      const { frames, rest } = splitFrames(Buffer.concat([pending, chunk]));
      pending = rest;
      const out = frames.map((frame) => (isHeaders(frame) ? instead(frame[4] ?? 0, frame.readUInt32BE(5)) : frame));
      socket.write(Buffer.concat(out), () => done());
    },
    final(done) {
      socket.end(() => done());
    },
  });
  socket.on("data", (data) => duplex.push(data));
  socket.on("end", () => duplex.push(null));
  socket.on("error", () => duplex.destroy());
  socket.on("close", () => duplex.destroy());
  return duplex;
}
