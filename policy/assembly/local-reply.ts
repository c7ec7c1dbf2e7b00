import {
  ArenaBuffer,
  Bytes,
  EMPTY,
  HeaderList,
  HeaderName,
  HttpContext,
  isFieldValue,
  JsonKind,
  JsonObject,
  Status,
} from "proxy-wasm-assemblyscript-sdk";

/** 304 has no body, and a client that gets it shows what it has. */
const NOT_MODIFIED: u32 = 304;
const MOST_HEADERS = 64;
/** Names of gRPC's status codes, each at its number. */
const GRPC_STATUSES: string[] = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

/** An answer that a filter gives in place of the upstream, as a configuration words it. */
export class LocalReply {
  contentType: Bytes = Bytes.of("text/plain");
  readonly names: HeaderName[] = [];
  readonly values: Bytes[] = [];

  /** @param grpcStatus what a gRPC request gets, whose HTTP status is 200 */
  constructor(
    public status: u32,
    public body: Bytes,
    public grpcStatus: i32,
  ) {}

  /** Its headers, to which the filter adds its own. */
  headers(): HeaderList {
    const headers = new HeaderList().add(HeaderName.CONTENT_TYPE, this.contentType);
    for (let i = 0; i < this.names.length; i++) headers.add(this.names[i], this.values[i]);
    return headers;
  }

  /**
   * Sends it. Where the host does not (`capability_restriction_config`), the stream is closed: nobody waits, and nothing passes.
   *
   * @returns false when the host did neither
   */
  send(context: HttpContext, headers: HeaderList, details: Bytes): bool {
    const status = context.sendLocalResponse(this.status, this.body, headers, details, this.grpcStatus);
    return status == Status.Ok || context.closeStream() == Status.Ok;
  }

  /** Whether a header of this name can be added to an answer, and is none of `reserved`. */
  static mayAdd(name: HeaderName, reserved: string[]): bool {
    return isEditable(name) && !name.bytes.equals(HeaderName.CONTENT_TYPE.bytes) && !reserved.includes(name.toString());
  }
}

/** Whether a response may be given, or lose, a header of this name: none that frames the message, and no pseudo header. */
export function isEditable(name: HeaderName): bool {
  // A list of headers says what it does not take in a log line of its own: it is only asked for names that it takes.
  return name.valid && name.bytes.at(0) != 0x3a && new HeaderList().add(name, EMPTY).framing === null;
}

/**
 * Reads an answer: `status`, `body`, `contentType`, `headers` and `grpcStatus`, all optional. What is wrong is noted in the document.
 *
 * @param least the lowest `status`, 300 or more
 * @param grpc choices of `grpcStatus`, by their names
 * @param reserved names of headers, in small letters, that the filter writes itself
 */
export function readLocalReply(json: JsonObject, reply: LocalReply, least: u32, grpc: string[], reserved: string[]): void {
  if (!json.present) return;
  reply.status = <u32>json.integer("status", reply.status, least, 599);
  if (reply.status == NOT_MODIFIED) json.problem("status", "must not be 304, which has no body");
  readContent(json, reply, reserved);
  if (json.has("grpcStatus")) reply.grpcStatus = GRPC_STATUSES.indexOf(grpc[json.choice("grpcStatus", grpc)]);
}

/** Reads what an answer holds: `body`, `contentType` and `headers`, all optional. */
export function readContent(json: JsonObject, reply: LocalReply, reserved: string[]): void {
  reply.body = json.bytes("body", reply.body);
  reply.contentType = json.bytes("contentType", reply.contentType);
  if (!isFieldValue(reply.contentType)) json.problem("contentType", "is no header value");
  const headers = json.object("headers");
  if (headers.size > MOST_HEADERS) json.problem("headers", "must be 64 at most");
  for (let i = 0; i < headers.size; i++) {
    const key = headers.keyAt(i);
    const name = new HeaderName(key);
    const value = headers.bytes(key);
    if (!LocalReply.mayAdd(name, reserved)) headers.problem(key, "is no name of a header that may be added here");
    else if (!isFieldValue(value)) headers.problem(key, "is no header value");
    reply.names.push(name);
    reply.values.push(value);
  }
}

/** The name of a header that a filter adds to answers; null when absent or wrong, which is noted. */
export function readAddedHeader(json: JsonObject, key: string): HeaderName | null {
  if (!json.has(key)) return null;
  const name = new HeaderName(json.string(key));
  if (LocalReply.mayAdd(name, [])) return name;
  json.problem(key, "is no name of a header that may be added here");
  return null;
}

/** A status of gRPC by its name, `"UNAVAILABLE"`, or its number, 0 to 16; -1 when absent or wrong, which is noted. */
export function readGrpcStatus(json: JsonObject, key: string): i32 {
  if (!json.has(key)) return -1;
  if (json.kind(key) == JsonKind.String) return json.choice(key, GRPC_STATUSES, -1);
  return <i32>json.integer(key, -1, 0, GRPC_STATUSES.length - 1);
}
