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
