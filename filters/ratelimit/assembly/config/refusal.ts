import { EMPTY, GrpcStatus, HeaderList, HeaderName, isFieldValue, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { Refusal } from "../refusal";

const GRPC: string[] = ["RESOURCE_EXHAUSTED", "UNAVAILABLE"];
const MOST_HEADERS = 64;

export function readRefusal(json: JsonObject, refusal: Refusal): void {
  if (!json.present) return;
  refusal.status = <u32>json.integer("status", refusal.status, 400, 599);
  refusal.body = json.bytes("body", refusal.body);
  refusal.contentType = json.bytes("contentType", refusal.contentType);
  if (!isFieldValue(refusal.contentType)) json.problem("contentType", "is no header value");
  const headers = json.object("headers");
  if (headers.size > MOST_HEADERS) json.problem("headers", "must be 64 at most");
  for (let i = 0; i < headers.size; i++) {
    const key = headers.keyAt(i);
    const name = new HeaderName(key);
    const value = headers.bytes(key);
    if (!mayBeAdded(name)) headers.problem(key, "is no name of a header that may be added here");
    else if (!isFieldValue(value)) headers.problem(key, "is no header value");
    refusal.names.push(name);
    refusal.values.push(value);
  }
  if (json.choice("grpcStatus", GRPC, 0) == 1) refusal.grpcStatus = GrpcStatus.Unavailable;
}

/** A list of headers says what it does not take in a log line of its own: it is only asked for names that it takes. */
function mayBeAdded(name: HeaderName): bool {
  if (!name.valid || name.bytes.at(0) == 0x3a || RESERVED.includes(name.toString())) return false;
  return new HeaderList().add(name, EMPTY).framing === null;
}

/** What the refusal writes itself. */
const RESERVED: string[] = [
  "content-type",
  "retry-after",
  "ratelimit",
  "ratelimit-policy",
  "x-ratelimit-limit",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
];
