// Dynamic metadata of any kind from request headers, by Envoy's own header_to_metadata.
import type { NativeFilterSpec } from "../../../../harness/index.ts";
import type { Json, RequestFacts } from "./types.ts";

/** The names that a listener can fill: a namespace with its keys. */
export type MetadataNames = Readonly<Record<string, readonly string[]>>;

/** Takes each of these names from a header of its own, which it removes. */
export function metadataFilter(names: MetadataNames): NativeFilterSpec {
  return {
    name: "envoy.filters.http.header_to_metadata",
    typedConfig: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.header_to_metadata.v3.Config",
      request_rules: Object.entries(names).flatMap(([namespace, keys]) =>
        keys.map((key) => ({
          header: headerOf(namespace, key),
          on_header_present: { metadata_namespace: namespace, key, type: "PROTOBUF_VALUE", encode: "BASE64" },
          remove: true,
        })),
      ),
    },
  };
}

/** The headers that a request needs for its metadata to be there. */
export function metadataHeaders({ metadata = {} }: RequestFacts): [string, string][] {
  return Object.entries(metadata).flatMap(([namespace, values]) =>
    Object.entries(values).map(([key, value]): [string, string] => [headerOf(namespace, key), protobufValue(value).toString("base64")]),
  );
}

function headerOf(namespace: string, key: string): string {
  return `x-metadata-${namespace}-${key}`;
}

/** A google.protobuf.Value (struct.proto). */
function protobufValue(value: Json): Buffer {
  if (value === null) return Buffer.from([0x08, 0]);
  if (typeof value === "boolean") return Buffer.from([0x20, value ? 1 : 0]);
  if (typeof value === "string") return field(3, Buffer.from(value, "utf8"));
  if (Array.isArray(value)) return field(6, Buffer.concat(value.map((entry) => field(1, protobufValue(entry)))));
  if (typeof value === "object") {
    const entries = Object.entries(value).map(([key, entry]) =>
      field(1, Buffer.concat([field(1, Buffer.from(key, "utf8")), field(2, protobufValue(entry))])),
    );
    return field(5, Buffer.concat(entries));
  }
  const double = Buffer.alloc(9);
  double[0] = 0x11;
  double.writeDoubleLE(value, 1);
  return double;
}

/** A length-delimited field. */
function field(number: number, bytes: Buffer): Buffer {
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest > 0x7f; rest >>= 7) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length, rest]), bytes]);
}
