import { encodePairs } from "../vm/memory.ts";

/** Something with parts: a group of attributes, a map, a message. */
export interface PropertyNode {
  get(part: string): PropertyValue | undefined;
  /** As a whole, when it is a map or a list. */
  pairs?(): [string, string][];
  /** As a whole, when it is a protobuf message. */
  bytes?(): Buffer;
}

/** text (latin1), whole number, floating point number, truth, nothing, or something with parts; "group": cannot be read as a whole. */
export type PropertyValue = string | bigint | number | boolean | null | Buffer | PropertyNode;

/** Where paths begin. */
export interface PropertySource {
  /** @param last the path ends here */
  top(name: string, last: boolean): PropertyValue | undefined;
}

/** @param path parts separated by NUL */
export function findProperty(source: PropertySource, path: string): PropertyValue | undefined {
  const parts = path.split("\0");
  // One NUL at the end, as some SDKs write it, is not a part.
  if (parts.length > 1 && parts.at(-1) === "") parts.pop();
  let value = source.top(parts[0] as string, parts.length === 1);
  for (let i = 1; i < parts.length && value !== undefined; i++) {
    value = isNode(value) ? value.get(parts[i] as string) : undefined;
  }
  return value;
}

function isNode(value: PropertyValue): value is PropertyNode {
  return typeof value === "object" && value !== null && !Buffer.isBuffer(value);
}

/** What a module receives: whole numbers in 8 bytes little-endian, maps as a block of pairs; undefined for what cannot be read as a whole. */
export function encodeProperty(value: PropertyValue): Buffer | string | undefined {
  if (typeof value === "string" || Buffer.isBuffer(value)) return value;
  if (value === null) return undefined;
  if (typeof value === "bigint" || typeof value === "number") {
    const bytes = Buffer.alloc(8);
    if (typeof value === "bigint") bytes.writeBigInt64LE(BigInt.asIntN(64, value));
    else bytes.writeDoubleLE(value);
    return bytes;
  }
  if (typeof value === "boolean") return Buffer.from([Number(value)]);
  if (value.pairs) return encodePairs(value.pairs());
  return value.bytes?.();
}

/** A JSON value as protobuf's Struct shows it. */
export function fromJson(value: unknown): PropertyValue | undefined {
  if (value === undefined) return undefined;
  if (value === null || typeof value === "boolean" || typeof value === "number") return value;
  if (typeof value === "string") return Buffer.from(value);
  if (Array.isArray(value)) {
    return {
      get: (part) => (/^\d+$/.test(part) ? fromJson(value[Number(part)]) : undefined),
      pairs: () => value.map((one) => [textOf(fromJson(one)), ""]),
    };
  }
  const object = value as Record<string, unknown>;
  return {
    get: (part) => (Object.hasOwn(object, latin1ToUtf8(part)) ? fromJson(object[latin1ToUtf8(part)]) : undefined),
    pairs: () => Object.entries(object).map(([name, one]) => [Buffer.from(name).toString("latin1"), textOf(fromJson(one))]),
  };
}

/** A group of attributes by name. */
export function group(get: (part: string) => PropertyValue | undefined): PropertyNode {
  return { get };
}

function textOf(value: PropertyValue | undefined): string {
  const bytes = value === undefined ? "" : (encodeProperty(value) ?? "");
  return typeof bytes === "string" ? bytes : bytes.toString("latin1");
}

function latin1ToUtf8(text: string): string {
  return Buffer.from(text, "latin1").toString("utf8");
}
