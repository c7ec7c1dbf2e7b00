// The filter's pure parts as plain functions: bytes in at `input`, bytes out at `output`.
import { Bytes, MemoryStats, SipHash } from "proxy-wasm-assemblyscript-sdk";
import { ArenaBuffer } from "proxy-wasm-assemblyscript-sdk/assembly/memory/arena";
import { enter, leave } from "proxy-wasm-assemblyscript-sdk/assembly/context/callback";
import { pushPeer, readPeer, Workload } from "../../../policy";
import { decodeAnyBase64, encodeBase64 } from "../assembly/core/base64";
import { Peers } from "../assembly/core/peers";
import { PeerReader } from "../assembly/core/read";
import { headerOf, Instance } from "../assembly/core/write";

const IN: usize = memory.data(1 << 17, 16);
const OUT: usize = memory.data(1 << 17, 16);

export function input(): usize {
  return IN;
}

export function output(): usize {
  return OUT;
}

function put(bytes: Bytes): i32 {
  memory.copy(OUT, bytes.ptr, bytes.length);
  return bytes.length;
}

/** The header of a workload: its record in the first `record` bytes, then the instance's name and its owner. */
export function header(record: i32, name: i32, owner: i32): i32 {
  const before = enter(1);
  const own = new Workload();
  readPeer(Bytes.static(IN, record), own);
  const instance = new Instance();
  instance.name = Bytes.static(IN + <usize>record, name);
  instance.owner = Bytes.static(IN + <usize>(record + name), owner);
  const length = put(headerOf(own, instance));
  leave(before);
  return length;
}

const reader: PeerReader = new PeerReader();

/** The record of what a header says; -1 when it is none. */
export function read(length: i32): i32 {
  const before = enter(1);
  let written = -1;
  if (reader.read(Bytes.static(IN, length))) {
    const text = new ArenaBuffer();
    pushPeer(reader.peer, text);
    written = put(text.bytes());
  }
  leave(before);
  return written;
}

/** A record read, and written again; -1 when it is none. */
export function record(length: i32): i32 {
  const before = enter(1);
  const peer = new Workload();
  const valid = readPeer(Bytes.static(IN, length), peer);
  const text = new ArenaBuffer();
  pushPeer(peer, text);
  const written = put(text.bytes());
  leave(before);
  return valid ? written : -written;
}

export function base64(length: i32): i32 {
  const before = enter(1);
  const written = put(encodeBase64(Bytes.static(IN, length)));
  leave(before);
  return written;
}

export function unbase64(length: i32): i32 {
  const before = enter(1);
  const bytes = decodeAnyBase64(Bytes.static(IN, length));
  const written = bytes === null ? -1 : put(bytes);
  leave(before);
  return written;
}

const peers: Peers = new Peers(new SipHash(1, 2));

export function add(header: i32, record: i32): void {
  const before = enter(1);
  peers.add(Bytes.borrow(IN, header), Bytes.borrow(IN + <usize>header, record));
  leave(before);
}

export function find(header: i32): i32 {
  const before = enter(1);
  const found = peers.find(Bytes.static(IN, header));
  const written = found === null ? -1 : put(found);
  leave(before);
  return written;
}

/** Objects that it takes to find a header once more. */
export function objectsOfFind(length: i32): i32 {
  const before = enter(1);
  const header = Bytes.static(IN, length);
  const objects = MemoryStats.liveObjects();
  for (let i = 0; i < 100; i++) if (peers.find(header) === null) return -1;
  const made = MemoryStats.liveObjects() - objects;
  leave(before);
  return made;
}
