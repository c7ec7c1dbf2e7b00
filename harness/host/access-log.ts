import type { AccessLogEntry } from "../envoy/access-log.ts";
import { notInHost } from "./failure.ts";
import { flagLetters } from "./stream/info.ts";
import type { HttpStream } from "./stream/stream.ts";

/** The fields of the harness's own access log, in Envoy's format; see `fileAccessLog`. */
const standard: Record<string, string> = {
  time: "%START_TIME%",
  method: "%REQ(:METHOD)%",
  path: "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
  authority: "%REQ(:AUTHORITY)%",
  protocol: "%PROTOCOL%",
  status: "%RESPONSE_CODE%",
  details: "%RESPONSE_CODE_DETAILS%",
  flags: "%RESPONSE_FLAGS%",
  duration: "%DURATION%",
  bytesReceived: "%BYTES_RECEIVED%",
  bytesSent: "%BYTES_SENT%",
  route: "%ROUTE_NAME%",
  cluster: "%UPSTREAM_CLUSTER%",
};

type Operator = (stream: HttpStream, argument: string) => string | number | undefined;

const operators: Record<string, Operator> = {
  START_TIME: ({ host, info }) =>
    new Date(Number((host.clock.wall - BigInt(host.clock.elapsed) + BigInt(info.start)) / 1_000_000n)).toISOString(),
  REQ: ({ requestHeaders }, argument) =>
    argument
      .split("?")
      .map((name) => requestHeaders?.get(name))
      .find((value) => value !== undefined),
  RESP: ({ responseHeaders }, argument) => responseHeaders?.get(argument),
  TRAILER: ({ responseTrailers }, argument) => responseTrailers?.get(argument),
  PROTOCOL: ({ info }) => info.protocol,
  RESPONSE_CODE: ({ info }) => info.code ?? 0,
  RESPONSE_CODE_DETAILS: ({ info }) => info.details,
  RESPONSE_FLAGS: ({ info }) => flagLetters(info.flags),
  DURATION: ({ info }) => Math.round(((info.end ?? info.start) - info.start) / 1_000_000),
  BYTES_RECEIVED: ({ info }) => info.bytesReceived,
  BYTES_SENT: ({ info }) => info.bytesSent,
  ROUTE_NAME: ({ info }) => info.route?.name || undefined,
  UPSTREAM_CLUSTER: ({ info }) => info.upstreamCluster,
  UPSTREAM_HOST: ({ info }) => info.upstreamHost && `${info.upstreamHost.host}:${info.upstreamHost.port}`,
  DOWNSTREAM_PEER_URI_SAN: ({ connection }) => connection.tls?.peer?.uriSans.join(",") || undefined,
  DOWNSTREAM_PEER_SUBJECT: ({ connection }) => connection.tls?.peer?.subject || undefined,
  FILTER_STATE: ({ info }, argument) => {
    const [key = "", type = "PLAIN"] = argument.split(":");
    if (type !== "PLAIN") throw notInHost(`access log: %FILTER_STATE(${argument})%: the in-process host knows PLAIN only`);
    return info.filterState.get(key)?.toString("utf8");
  },
  DYNAMIC_METADATA: ({ info }, argument) => {
    const [namespace = "", ...path] = argument.split(":");
    const value = path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], info.metadata[namespace]);
    return value === undefined ? undefined : typeof value === "string" ? value : JSON.stringify(value);
  },
};

/** Turns a format into a function, once. */
export function accessLogFormat(fields: Record<string, string>): (stream: HttpStream) => AccessLogEntry {
  const compiled = Object.entries({ ...standard, ...fields }).map(([name, format]) => [name, compile(format)] as const);
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

function compile(format: string): (stream: HttpStream) => string | number | undefined {
  const pieces = [...format.matchAll(/%([A-Z_0-9]+)(?:\(([^)]*)\))?(?::\d+)?%|[^%]+/g)].map(([text, name, argument = ""]) => {
    if (name === undefined) return () => text;
    const operator = operators[name];
    if (!operator)
      throw notInHost(`access log: the in-process host does not know %${name}%; it knows ${Object.keys(operators).join(", ")}`);
    return (stream: HttpStream) => operator(stream, argument);
  });
  const [only] = pieces;
  // A single operator keeps its type.
  if (pieces.length === 1 && only) return only;
  return (stream) => pieces.map((piece) => piece(stream) ?? "").join("");
}
