// An authorization service in the test's hands: envoy.service.auth.v3 in protobuf, as much of it as the filter knows. That these are Envoy's
// numbers, Envoy itself says: ext-authz.test.ts shows its own filter the same answers.
import type { ReceivedHead, UpstreamResponse } from "meshscript/harness";

export interface HeaderOption {
  key: string;
  value: string;
  append?: boolean;
}

/** A CheckResponse. */
export interface Answer {
  /** google.rpc.Status.code; 0 is OK [no status at all]. */
  code?: number;
  ok?: { headers?: HeaderOption[]; remove?: string[] };
  denied?: { status?: number; headers?: HeaderOption[]; body?: string };
  error?: { status?: number };
}

/** What a CheckRequest tells of the request. */
export interface Question {
  method: string;
  path: string;
  host: string;
  scheme: string;
  headers: Record<string, string>;
}

const varint = (value: number): Buffer => Buffer.from(value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]);
const number = (field: number, value: number) => Buffer.concat([varint(field << 3), varint(value)]);
const field = (number: number, value: string | Uint8Array) =>
  Buffer.concat([varint((number << 3) | 2), varint(Buffer.from(value).length), Buffer.from(value)]);
const headerOption = (in_: number, { key, value, append }: HeaderOption) =>
  field(in_, Buffer.concat([field(1, Buffer.concat([field(1, key), field(2, value)])), append ? field(2, number(1, 1)) : Buffer.alloc(0)]));

/** The message, serialized. */
export function serialized({ code, ok, denied, error }: Answer): Buffer {
  const parts: Buffer[] = [];
  if (code !== undefined) parts.push(field(1, number(1, code)));
  if (denied) {
    const status = denied.status === undefined ? [] : [field(1, number(1, denied.status))];
    const headers = (denied.headers ?? []).map((header) => headerOption(2, header));
    parts.push(field(2, Buffer.concat([...status, ...headers, ...(denied.body === undefined ? [] : [field(3, denied.body)])])));
  }
  if (ok) {
    const headers = (ok.headers ?? []).map((header) => headerOption(2, header));
    parts.push(field(3, Buffer.concat([...headers, ...(ok.remove ?? []).map((name) => field(5, name))])));
  }
  if (error) parts.push(field(5, error.status === undefined ? Buffer.alloc(0) : field(1, number(1, error.status))));
  return Buffer.concat(parts);
}

/** How the service's upstream answers: with a message, or with a gRPC status alone. */
export function grpc(message: Answer | Uint8Array | undefined, status = 0): UpstreamResponse {
  const headers = { "content-type": "application/grpc" };
  if (message === undefined) return { headers: { ...headers, "grpc-status": String(status) } };
  const bytes = message instanceof Uint8Array ? message : serialized(message);
  const frame = Buffer.alloc(5 + bytes.length); // not compressed, the length, the message
  frame.writeUInt32BE(bytes.length, 1);
  frame.set(bytes, 5);
  return { headers, body: frame, trailers: { "grpc-status": String(status) } };
}

/** What the service was asked. */
export async function question(head: ReceivedHead): Promise<Question> {
  const check = (await head.complete).body.subarray(5);
  const http = one(one(one(check, 1), 4), 2);
  const text = (field: number) => one(http, field).toString();
  const headers = all(http, 3).map((entry) => [one(entry, 1).toString(), one(entry, 2).toString()] as const);
  // A map: an entry twice is not what the service would see.
  if (new Set(headers.map(([name]) => name)).size !== headers.length) throw new Error("a header is there twice");
  return { method: text(2), path: text(4), host: text(5), scheme: text(6), headers: Object.fromEntries(headers) };
}

const one = (message: Buffer, field: number): Buffer => all(message, field)[0] ?? Buffer.alloc(0);

/** The length-delimited fields of a number. */
function all(message: Buffer, wanted: number): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < message.length; ) {
    const next = () => {
      let value = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = message[at++] ?? 0;
        value += (byte & 0x7f) * 2 ** shift;
        if (byte < 0x80) return value;
      }
    };
    const tag = next();
    const value = next(); // no field that Envoy writes here has another wire type than a varint and length-delimited
    if ((tag & 7) !== 2) continue;
    if (tag >>> 3 === wanted) found.push(message.subarray(at, at + value));
    at += value;
  }
  return found;
}
