// Headers as an independent protobuf implementation writes and reads them.
import { type JsonObject, create, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { StructSchema, type Value, ValueSchema } from "@bufbuild/protobuf/wkt";
import type { PeerMetadataConfig } from "../config.ts";

export const ID = "x-envoy-peer-metadata-id";
export const METADATA = "x-envoy-peer-metadata";

export type Workload = NonNullable<PeerMetadataConfig["workload"]>;
type Plain = string | number | boolean | null | { [key: string]: Plain } | Plain[];

/** A google.protobuf.Struct, its keys in the order in which they are given. */
export function structOf(object: Record<string, Plain>): Uint8Array {
  return toBinary(StructSchema, create(StructSchema, { fields: fieldsOf(object) }));
}

function fieldsOf(object: Record<string, Plain>): Record<string, Value> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, protoOf(value)]));
}

function protoOf(value: Plain): Value {
  return create(ValueSchema, { kind: kindOf(value) });
}

function kindOf(value: Plain): Value["kind"] {
  if (value === null) return { case: "nullValue", value: 0 };
  if (typeof value === "string") return { case: "stringValue", value };
  if (typeof value === "number") return { case: "numberValue", value };
  if (typeof value === "boolean") return { case: "boolValue", value };
  if (Array.isArray(value)) return { case: "listValue", value: { $typeName: "google.protobuf.ListValue", values: value.map(protoOf) } };
  return { case: "structValue", value: create(StructSchema, { fields: fieldsOf(value) }) };
}

/** What a peer's proxy sends: Istio's keys in the order of their bytes. */
export function header(workload: Workload, more: Record<string, Plain> = {}): string {
  const labels = sorted({
    app: workload.app,
    version: workload.version,
    "service.istio.io/canonical-name": workload.canonicalService,
    "service.istio.io/canonical-revision": workload.canonicalRevision,
  });
  const all = { WORKLOAD_NAME: workload.name, NAMESPACE: workload.namespace, CLUSTER_ID: workload.cluster, LABELS: labels, ...more };
  return Buffer.from(structOf(sorted(all))).toString("base64");
}

function sorted(object: Record<string, Plain | undefined>): Record<string, Plain> {
  const given = Object.entries(object).filter((entry): entry is [string, Plain] => entry[1] !== undefined && entry[1] !== "");
  return Object.fromEntries(given.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What a header says, by the other implementation; throws on what is none. */
export function readHeader(text: string): JsonObject {
  return toJson(StructSchema, fromBinary(StructSchema, Buffer.from(text, "base64"))) as JsonObject;
}

/** The seven texts as filter state has them. */
export function record(workload: Workload): string {
  const { name, namespace, app, version, canonicalService, canonicalRevision, cluster } = workload;
  return [name, namespace, app, version, canonicalService, canonicalRevision, cluster].map((text) => text ?? "").join("\0");
}
