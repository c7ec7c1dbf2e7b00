// The vocabulary's pure parts as plain functions: bytes in at `input`, bytes out at `output`.
import { ArenaBuffer, Bytes } from "proxy-wasm-assemblyscript-sdk";
import { enter, leave } from "proxy-wasm-assemblyscript-sdk/assembly/context/callback";
import { CookieValue } from "../assembly/values/cookie";
import { PathSegmentValue } from "../assembly/values/path";
import { PathTemplateValue } from "../assembly/values/path-template";
import { QueryValue } from "../assembly/values/query";
import { Cidr, IpAddress, Random } from "../index";

const IN: usize = memory.data(1 << 17, 16);
const OUT: usize = memory.data(1 << 18, 16);

export function input(): usize {
  return IN;
}

export function output(): usize {
  return OUT;
}

const address = new IpAddress();

/** Reads an address and writes its canonical text; 0 when it is none. `port`: as Envoy writes them. */
export function ip(length: i32, port: i32): i32 {
  if (!address.parse(Bytes.static(IN, length), port != 0)) return 0;
  return written();
}

/** The network of an address. */
export function masked(length: i32, prefixV4: i32, prefixV6: i32): i32 {
  if (!address.parse(Bytes.static(IN, length))) return 0;
  address.mask(prefixV4, prefixV6);
  return written();
}

function written(): i32 {
  const before = enter(1);
  const text = new ArenaBuffer();
  address.write(text);
  memory.copy(OUT, text.at, text.length);
  leave(before);
  return text.length;
}

/** Whether the network in the first `length` bytes contains the address behind it; -1: no network, -2: bits beyond its prefix, -3: no address. */
export function contains(length: i32, addressLength: i32): i32 {
  const cidr = Cidr.parse(Bytes.static(IN, length));
  if (cidr === null) return -1;
  if (!cidr.network().equals(cidr.address)) return -2;
  if (!address.parse(Bytes.static(IN + <usize>length, addressLength), false)) return -3;
  return cidr.contains(address) ? 1 : 0;
}

/** All values of the parameter whose name lies behind the query, each with a line feed. */
export function query(length: i32, nameLength: i32): i32 {
  const value = new QueryValue(name(length, nameLength));
  let at = OUT;
  for (let found = value.find(Bytes.static(IN, length)); found !== null; found = value.find(Bytes.static(IN, length))) at = line(at, found);
  return <i32>(at - OUT);
}

export function cookie(length: i32, nameLength: i32): i32 {
  const value = new CookieValue(name(length, nameLength));
  let at = OUT;
  for (let found = value.find(Bytes.static(IN, length)); found !== null; found = value.find(Bytes.static(IN, length))) at = line(at, found);
  return <i32>(at - OUT);
}

/** A segment of a path, with a line feed; 0 when there is none. */
export function segment(length: i32, index: i32): i32 {
  const found = new PathSegmentValue(index).find(Bytes.static(IN, length));
  return found === null ? 0 : <i32>(line(OUT, found) - OUT);
}

/** Whether the path matches the template behind it. */
export function template(length: i32, templateLength: i32): i32 {
  return new PathTemplateValue(name(length, templateLength)).matches(Bytes.static(IN, length)) ? 1 : 0;
}

/** Numbers of a generator, to `output`. */
export function random(a: u64, b: u64, c: u64, d: u64, count: i32): void {
  const random = new Random(a, b, c, d);
  for (let i = 0; i < count; i++) store<u64>(OUT + <usize>(i << 3), random.next());
}

function name(from: i32, length: i32): Bytes {
  return Bytes.static(IN + <usize>from, length);
}

function line(at: usize, text: Bytes): usize {
  memory.copy(at, text.ptr, text.length);
  store<u8>(at + <usize>text.length, 0x0a);
  return at + <usize>text.length + 1;
}
