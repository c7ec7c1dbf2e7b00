import { ArenaBuffer, Bytes, EMPTY } from "proxy-wasm-assemblyscript-sdk";
import { Workload } from "./workload";

/** Under what the peer-metadata filter sets a peer's properties: as filter state it is behind `wasm.`. */
export const DOWNSTREAM_PEER: string = "meshscript.downstream_peer";
export const UPSTREAM_PEER: string = "meshscript.upstream_peer";

/** What a peer said of itself, as filters hand it on in filter state: seven texts in this order, a NUL between each two. */
const PARTS: i32 = 7;

/** Appends it. No text may hold a NUL: the reader would find another workload. */
export function pushPeer(peer: Workload, into: ArenaBuffer): void {
  pushNext(peer.name, into, true);
  pushNext(peer.namespace, into);
  pushNext(peer.app, into);
  pushNext(peer.version, into);
  pushNext(peer.canonicalService, into);
  pushNext(peer.canonicalRevision, into);
  pushNext(peer.cluster, into);
}

/**
 * Reads it; anything else than seven texts is a peer of which nothing is known.
 *
 * @param into gets parts of `bytes`, good for as long as those
 * @returns whether there were seven
 */
export function readPeer(bytes: Bytes, into: Workload): bool {
  const seven = count(bytes) == PARTS;
  let rest = seven ? bytes : EMPTY;
  into.name = first(rest);
  rest = behind(rest);
  into.namespace = first(rest);
  rest = behind(rest);
  into.app = first(rest);
  rest = behind(rest);
  into.version = first(rest);
  rest = behind(rest);
  into.canonicalService = first(rest);
  rest = behind(rest);
  into.canonicalRevision = first(rest);
  into.cluster = behind(rest);
  return seven;
}

function pushNext(text: Bytes, into: ArenaBuffer, isFirst: bool = false): void {
  if (!isFirst) into.pushByte(0);
  into.pushBytes(text);
}

function count(bytes: Bytes): i32 {
  let parts = 1;
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, at + 1)) parts++;
  return parts;
}

function first(bytes: Bytes): Bytes {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.slice(0, end);
}

function behind(bytes: Bytes): Bytes {
  const end = bytes.indexOf(0);
  return end < 0 ? EMPTY : bytes.slice(end + 1);
}
