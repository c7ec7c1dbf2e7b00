/** Just enough of protobuf's wire format to hand a module the messages that properties can be, as a whole. */

type Struct = Readonly<Record<string, unknown>>;

export function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

export function textField(number: number, text: string): Buffer {
  return text === "" ? Buffer.alloc(0) : field(number, Buffer.from(text));
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 0x80);
  }
}

/** google.protobuf.Struct */
export function struct(value: Struct): Buffer {
  return Buffer.concat(
    Object.entries(value).map(([key, one]) => field(1, Buffer.concat([field(1, Buffer.from(key)), field(2, jsonValue(one))]))),
  );
}

/** google.protobuf.Value */
function jsonValue(value: unknown): Buffer {
  if (typeof value === "number") {
    const bytes = Buffer.alloc(9);
    bytes[0] = (2 << 3) | 1;
    bytes.writeDoubleLE(value, 1);
    return bytes;
  }
  if (typeof value === "string") return field(3, Buffer.from(value));
  if (typeof value === "boolean") return Buffer.from([4 << 3, Number(value)]);
  if (Array.isArray(value)) return field(6, Buffer.concat(value.map((one) => field(1, jsonValue(one)))));
  if (typeof value === "object" && value !== null) return field(5, struct(value as Struct));
  return Buffer.from([1 << 3, 0]);
}

/** envoy.config.core.v3.Metadata, its filter_metadata */
export function metadataMessage(metadata: Readonly<Record<string, Struct>>): Buffer {
  return Buffer.concat(
    Object.entries(metadata).map(([namespace, one]) => field(1, Buffer.concat([field(1, Buffer.from(namespace)), field(2, struct(one))]))),
  );
}

/** The length-delimited fields of a message by number, the last of each; undefined for bytes that are no message. */
export function readFields(bytes: Buffer): Map<number, Buffer> | undefined {
  const fields = new Map<number, Buffer>();
  let at = 0;
  const readVarint = (): number | undefined => {
    for (let value = 0, shift = 1; at < bytes.length; shift *= 128) {
      const byte = bytes[at++] as number;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = readVarint();
    if (tag === undefined || tag < 8) return undefined;
    const type = tag & 7;
    if (type === 0) {
      if (readVarint() === undefined) return undefined;
    } else if (type === 1 || type === 5) at += type === 1 ? 8 : 4;
    else if (type === 2) {
      const length = readVarint();
      if (length === undefined || at + length > bytes.length) return undefined;
      fields.set(tag >>> 3, bytes.subarray(at, at + length));
      at += length;
    } else return undefined;
  }
  return at === bytes.length ? fields : undefined;
}
