import type { Socket } from "node:net";
import type { Wire } from "../types.ts";
import { CASE } from "./recorder.ts";

/** What came back; status 0: nothing that is an answer, the connection was closed. */
export interface Answer {
  status: number;
  location: string | undefined;
  text: string;
}

const LIMIT = 15_000;

/** The bytes of a request over HTTP/1.1. */
export function bytesOf(wire: Wire, name: string): string {
  if (wire.raw !== undefined) return wire.raw.replaceAll("{case}", name);
  const { method = "GET", target = "/", host = "shop.example.com", headers = [], body } = wire;
  const all = [
    ...(host === null ? [] : [["host", host] as const]),
    [CASE, name] as const,
    ...headers,
    ...(body === undefined ? [] : [["content-length", String(body.length)] as const]),
    ["connection", "close"] as const,
  ];
  // CONNECT names the host where others have a path.
  const line = [method, method === "CONNECT" ? (target ?? host) : target].filter((part) => part !== null).join(" ");
  return `${line} HTTP/1.1\r\n${all.map(([key, value]) => `${key}: ${value}\r\n`).join("")}\r\n${body ?? ""}`;
}

/** Sends bytes. What is sent as `raw` may be more than a request: all that comes until the connection ends is the answer. */
export function sendHttp1(socket: Socket, wire: Wire, name: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answerIn(Buffer.concat(received).toString("latin1")));
    };
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`${name}: no answer within ${LIMIT} ms`));
    }, LIMIT);
    socket.on("data", (data) => {
      received.push(data);
      if (wire.raw === undefined && isWhole(Buffer.concat(received).toString("latin1"))) finish();
    });
    socket.on("end", finish);
    // A reset is an answer, too.
    socket.on("error", finish);
    socket.write(Buffer.from(bytesOf(wire, name), "latin1"));
  });
}

function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  const [, length = "0"] = /\r\ncontent-length: (\d+)\r\n/i.exec(text.slice(0, end + 2)) ?? [];
  return end >= 0 && text.length >= end + 4 + Number(length);
}

function answerIn(text: string): Answer {
  const [, status = "0"] = /^HTTP\/1\.1 (\d{3}) /.exec(text) ?? [];
  const [, location] = /\r\nlocation: ([^\r]*)\r\n/i.exec(text) ?? [];
  return { status: Number(status), location, text };
}
