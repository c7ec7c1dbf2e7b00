import { Bytes, EMPTY, ProtoReader } from "proxy-wasm-assemblyscript-sdk";
import { Workload } from "../../../../policy";
import { decodeAnyBase64 } from "./base64";
import * as keys from "./keys";
import { textOf } from "./text";

/** Bytes of base64. Envoy takes 60 KiB of headers by default, Istio's proxies write less than 4. */
const LONGEST_HEADER: i32 = 16 * 1024;
/** Entries of a struct, its labels included: reading is work for each, and a thing of its own in memory. */
const MOST_ENTRIES: i32 = 256;

/**
 * Reads the header that a peer has sent: base64 of a google.protobuf.Struct. Of an Istio proxy's keys those of a workload are read, whatever else
 * is there; lists and structs other than `LABELS` are not looked into. A text that is nothing to show is as one that is not there.
 */
export class PeerReader {
  readonly peer: Workload = new Workload();
  private entries: i32 = 0;
  /** Of the entry that was read last: its key, and of text and struct the one that it holds. */
  private key: Bytes = EMPTY;
  private text: Bytes = EMPTY;
  private struct: Bytes = EMPTY;
  private app: Bytes = EMPTY;
  private version: Bytes = EMPTY;

  /** @returns whether it was such a struct; `peer` is then good for as long as the header's callback */
  read(header: Bytes): bool {
    this.clear();
    if (header.length == 0 || header.length > LONGEST_HEADER) return false;
    const message = decodeAnyBase64(header);
    return message !== null && this.readStruct(message, false);
  }

  private clear(): void {
    const peer = this.peer;
    this.entries = 0;
    peer.name = EMPTY;
    peer.namespace = EMPTY;
    peer.cluster = EMPTY;
    this.clearLabels();
  }

  private clearLabels(): void {
    const peer = this.peer;
    peer.app = EMPTY;
    peer.version = EMPTY;
    peer.canonicalService = EMPTY;
    peer.canonicalRevision = EMPTY;
    this.app = EMPTY;
    this.version = EMPTY;
  }

  private readStruct(message: Bytes, labels: bool): bool {
    const struct = new ProtoReader(message);
    while (struct.next()) {
      const entry = struct.bytes;
      if (struct.field != 1 || entry === null) continue;
      if (++this.entries > MOST_ENTRIES || !this.readEntry(entry)) return false;
      if (labels) this.takeLabel();
      else if (!this.take()) return false;
    }
    return struct.ok;
  }

  private readEntry(message: Bytes): bool {
    this.key = EMPTY;
    this.text = EMPTY;
    this.struct = EMPTY;
    const entry = new ProtoReader(message);
    while (entry.next()) {
      const bytes = entry.bytes;
      if (bytes === null) continue;
      if (entry.field == 1) this.key = bytes;
      else if (entry.field == 2 && !this.readValue(bytes)) return false;
    }
    return entry.ok;
  }

  /** A value is one of several kinds, and the last one counts. */
  private readValue(message: Bytes): bool {
    const value = new ProtoReader(message);
    while (value.next()) {
      const bytes = value.bytes;
      const field = value.field;
      if (field > 6) continue;
      this.text = field == 3 && bytes !== null ? bytes : EMPTY;
      this.struct = field == 5 && bytes !== null ? bytes : EMPTY;
    }
    return value.ok;
  }

  private take(): bool {
    const peer = this.peer;
    const key = this.key;
    if (key.equals(keys.LABELS)) {
      this.clearLabels();
      return this.readStruct(this.struct, true);
    }
    if (key.equals(keys.WORKLOAD_NAME)) peer.name = textOf(this.text);
    else if (key.equals(keys.NAMESPACE)) peer.namespace = textOf(this.text);
    else if (key.equals(keys.CLUSTER_ID)) peer.cluster = textOf(this.text);
    return true;
  }

  /** Kubernetes' own names for app and version go before the short ones, as in Istio. */
  private takeLabel(): void {
    const peer = this.peer;
    const key = this.key;
    const text = textOf(this.text);
    if (key.equals(keys.APP_QUALIFIED)) {
      this.app = text;
      if (text.length > 0) peer.app = text;
    } else if (key.equals(keys.VERSION_QUALIFIED)) {
      this.version = text;
      if (text.length > 0) peer.version = text;
    } else if (key.equals(keys.APP)) {
      if (this.app.length == 0) peer.app = text;
    } else if (key.equals(keys.VERSION)) {
      if (this.version.length == 0) peer.version = text;
    } else if (key.equals(keys.CANONICAL_NAME)) peer.canonicalService = text;
    else if (key.equals(keys.CANONICAL_REVISION)) peer.canonicalRevision = text;
  }
}
