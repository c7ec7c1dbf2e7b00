import type { AccessLogEntry } from "../envoy/access-log.ts";
import { accessLogFields } from "../envoy/builders.ts";
import { notInHost } from "./failure.ts";
import { lowerCase } from "./stream/header-map.ts";
import { flagLetters } from "./stream/info.ts";
import type { HttpStream } from "./stream/stream.ts";

type Read = (stream: HttpStream) => string | number | undefined;
/** Made once for a format. */
type Operator = (argument: string) => Read;

const operators: Record<string, Operator> = {
  START_TIME: () => startTime,
  REQ: (argument) => {
    const names = argument.split("?").map(lowerCase);
    return ({ requestHeaders }) => {
      for (const name of names) {
        const value = requestHeaders?.get(name);
        if (value !== undefined) return value;
      }
      return undefined;
    };
  },
  RESP: (argument) => (stream) => stream.responseHeaders?.get(argument),
  TRAILER: (argument) => (stream) => stream.responseTrailers?.get(argument),
  PROTOCOL: () => (stream) => stream.info.protocol,
  RESPONSE_CODE: () => (stream) => stream.info.code ?? 0,
  RESPONSE_CODE_DETAILS: () => (stream) => stream.info.details,
  RESPONSE_FLAGS: () => (stream) => flagLetters(stream.info.flags),
  DURATION:
    () =>
    ({ info }) =>
      Math.round(((info.end ?? info.start) - info.start) / 1_000_000),
  BYTES_RECEIVED: () => (stream) => stream.info.bytesReceived,
  BYTES_SENT: () => (stream) => stream.info.bytesSent,
  ROUTE_NAME: () => (stream) => stream.info.route?.name || undefined,
  UPSTREAM_CLUSTER: () => (stream) => stream.info.upstreamCluster,
  UPSTREAM_HOST:
    () =>
    ({ info }) =>
      info.upstreamHost && `${info.upstreamHost.host}:${info.upstreamHost.port}`,
  DOWNSTREAM_PEER_URI_SAN: () => (stream) => stream.connection.tls?.peer?.uriSans.join(",") || undefined,
  DOWNSTREAM_PEER_SUBJECT: () => (stream) => stream.connection.tls?.peer?.subject || undefined,
  FILTER_STATE: (argument) => {
    const [key = "", type = "PLAIN"] = argument.split(":");
    if (type !== "PLAIN") throw notInHost(`access log: %FILTER_STATE(${argument})%: the in-process host knows PLAIN only`);
    return (stream) => stream.info.filterState.get(key)?.toString("utf8");
  },
  DYNAMIC_METADATA: (argument) => {
    const [namespace = "", ...path] = argument.split(":");
    return ({ info }) => {
      const value = path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], info.metadata[namespace]);
      return value === undefined ? undefined : typeof value === "string" ? value : JSON.stringify(value);
    };
  },
};

function startTime({ host: { clock }, info }: HttpStream): string {
  if (info.start === clock.elapsed) return clock.text.iso;
  return new Date(Number((clock.wall - BigInt(clock.elapsed - info.start)) / 1_000_000n)).toISOString();
}

/** Turns a format into a function, once. */
export function accessLogFormat(fields: Record<string, string>): (stream: HttpStream) => AccessLogEntry {
  const compiled = Object.entries({ ...accessLogFields, ...fields }).map(([name, format]) => [name, compile(format)] as const);
  return (stream) => {
    const entry: AccessLogEntry = {};
    for (const [name, read] of compiled) {
      const value = read(stream);
      // As with `omit_empty_values`.
      if (value !== undefined) entry[name] = value;
    }
    return entry;
  };
}

function compile(format: string): Read {
  const pieces = [...format.matchAll(/%([A-Z_0-9]+)(?:\(([^)]*)\))?(?::\d+)?%|[^%]+/g)].map(([text, name, argument = ""]): Read => {
    if (name === undefined) return () => text;
    const operator = operators[name];
    if (!operator)
      throw notInHost(`access log: the in-process host does not know %${name}%; it knows ${Object.keys(operators).join(", ")}`);
    return operator(argument);
  });
  const [only] = pieces;
  // A single operator keeps its type.
  if (pieces.length === 1 && only) return only;
  return (stream) => pieces.map((piece) => piece(stream) ?? "").join("");
}
