import { ArenaBuffer, Bytes, EMPTY } from "proxy-wasm-assemblyscript-sdk";
import { Workload } from "../../../../policy";
import { encodeBase64 } from "./base64";
import { APP, CANONICAL_NAME, CANONICAL_REVISION, CLUSTER_ID, LABELS, NAME, NAMESPACE, OWNER, VERSION, WORKLOAD_NAME } from "./keys";
import { textOf } from "./text";

/** Tags of fields with a length: a map's entry and its key are field 1, its value field 2, a value's text field 3, its struct field 5. */
const ENTRY: u8 = 0x0a;
const KEY: u8 = 0x0a;
const VALUE: u8 = 0x12;
const TEXT: u8 = 0x1a;
const STRUCT: u8 = 0x2a;

/** What Istio tells beside the workload: its instance and who made it. Empty: not known. */
export class Instance {
  name: Bytes = EMPTY;
  owner: Bytes = EMPTY;
}

/**
 * The header's value: base64 of a google.protobuf.Struct, its keys in the order of their bytes, so that one workload has one value. `LABELS` is
 * there even when it is empty, as Istio writes it: an empty value would be no answer to a peer. Borrowed.
 */
export function headerOf(own: Workload, instance: Instance): Bytes {
  const labels = new ArenaBuffer();
  pushText(labels, APP, own.app);
  pushText(labels, CANONICAL_NAME, own.canonicalService);
  pushText(labels, CANONICAL_REVISION, own.canonicalRevision);
  pushText(labels, VERSION, own.version);
  const metadata = new ArenaBuffer();
  pushText(metadata, CLUSTER_ID, own.cluster);
  pushEntry(metadata, LABELS, STRUCT, labels.bytes());
  pushText(metadata, NAME, instance.name);
  pushText(metadata, NAMESPACE, own.namespace);
  pushText(metadata, OWNER, instance.owner);
  pushText(metadata, WORKLOAD_NAME, own.name);
  return encodeBase64(metadata.bytes());
}

/** Nothing that a reader would drop. */
function pushText(into: ArenaBuffer, key: Bytes, value: Bytes): void {
  const text = textOf(value);
  if (text.length > 0) pushEntry(into, key, TEXT, text);
}

function pushEntry(into: ArenaBuffer, key: Bytes, kind: u8, content: Bytes): void {
  const value = new ArenaBuffer();
  pushField(value, kind, content);
  const entry = new ArenaBuffer();
  pushField(entry, KEY, key);
  pushField(entry, VALUE, value.bytes());
  pushField(into, ENTRY, entry.bytes());
}

function pushField(into: ArenaBuffer, tag: u8, content: Bytes): void {
  into.pushByte(tag);
  let length = <u32>content.length;
  for (; length >= 0x80; length >>= 7) into.pushByte((<u8>length) | 0x80);
  into.pushByte(<u8>length);
  into.pushBytes(content);
}
