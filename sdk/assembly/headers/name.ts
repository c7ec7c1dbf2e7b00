import { Bytes, lower } from "../bytes";

const PSEUDO: Bytes[] = [":method", ":path", ":authority", ":scheme", ":status", ":protocol"].map<Bytes>((name) => Bytes.of(name));
/** Say where a message ends or what a connection is: Envoy's alone. One that a filter adds loses bodies or opens tunnels. */
const FRAMING: Bytes[] = [
  "content-length",
  "transfer-encoding",
  "connection",
  "upgrade",
  "keep-alive",
  "proxy-connection",
  "http2-settings",
  "trailer",
  "te",
].map<Bytes>((name) => Bytes.of(name));
const TE: Bytes = Bytes.of("te");
const TRAILERS: Bytes = Bytes.of("trailers");
const CONNECT: Bytes = Bytes.of("CONNECT");
const HTTP: Bytes = Bytes.of("http");
const HTTPS: Bytes = Bytes.of("https");
const FORWARDED_PROTO: Bytes = Bytes.of("x-forwarded-proto");
const HOST: Bytes = Bytes.of("host");
const AUTHORITY: Bytes = Bytes.of(":authority");

/** What a name is, as far as an edit can do harm. */
export enum NameKind {
  Ordinary = 0,
  /** Not a token of RFC 9110: a host would send it on as it is. */
  Invalid = 1,
  /** `:path` and its like, and `host`, which Envoy keeps as `:authority`: replace, never add or remove. */
  Pseudo = 2,
  /** `content-length`, `connection` and their like. `content-length` and `te` may be removed, nothing else done. */
  Framing = 3,
  /** `x-forwarded-proto`: without it Envoy answers 404 `route_not_found`. Replace, never add or remove. */
  Routing = 4,
}

/**
 * A header's name, encoded once, in lower case as on HTTP/2. Make it a constant at the top of a file:
 *
 * ```ts
 * const USER = new HeaderName("x-user");
 * ```
 */
export class HeaderName {
  static readonly METHOD: HeaderName = new HeaderName(":method");
  static readonly PATH: HeaderName = new HeaderName(":path");
  static readonly AUTHORITY: HeaderName = new HeaderName(":authority");
  static readonly SCHEME: HeaderName = new HeaderName(":scheme");
  static readonly STATUS: HeaderName = new HeaderName(":status");
  static readonly CONTENT_LENGTH: HeaderName = new HeaderName("content-length");
  static readonly CONTENT_TYPE: HeaderName = new HeaderName("content-type");

  readonly bytes: Bytes;
  readonly kind: NameKind;
  /** @internal See `markOf`. */
  readonly mark: u64;

  constructor(name: string, encoded: Bytes = Bytes.of(name)) {
    const own = encoded.owned ? encoded : encoded.copy();
    this.kind = classify(own);
    // Envoy keeps HTTP/1's `host` as `:authority`: the view and the host then agree on one name.
    this.bytes = own.equals(HOST) ? AUTHORITY : own;
    this.mark = markOf(this.bytes.ptr, <u32>this.bytes.length);
  }

  /** A name from bytes of a request or a config; copied and lower-cased. */
  static from(name: Bytes): HeaderName {
    return new HeaderName("", name.copy());
  }

  /** True when it is a token of RFC 9110, or a pseudo header's name. */
  get valid(): bool {
    return this.kind != NameKind.Invalid;
  }

  toString(): string {
    return this.bytes.toString();
  }
}

/** One of 64 bits, by a name's length and the letter in its middle; a shift counts modulo 64. Of an empty name, which no header has, any. */
// @ts-ignore: decorator
@inline export function markOf(name: usize, length: u32): u64 {
  const middle: u32 = load<u8>(name + (length >> 1));
  const bit: u64 = middle * 3 + length * 11;
  const one: u64 = 1;
  return one << bit;
}

/** Lower-cases the name in place and says what it is. */
function classify(name: Bytes): NameKind {
  for (let i: usize = 0, n = <usize>name.length; i < n; i++) store<u8>(name.ptr + i, lower(load<u8>(name.ptr + i)));
  // Envoy would send an unknown pseudo header on as one more `host`.
  if (name.at(0) == 0x3a) return isOneOf(PSEUDO, name) ? NameKind.Pseudo : NameKind.Invalid;
  if (!isToken(name)) return NameKind.Invalid;
  if (name.equals(HOST)) return NameKind.Pseudo;
  if (isOneOf(FRAMING, name)) return NameKind.Framing;
  if (name.equals(FORWARDED_PROTO)) return NameKind.Routing;
  return NameKind.Ordinary;
}

function isOneOf(names: Bytes[], name: Bytes): bool {
  for (let i = 0; i < names.length; i++) if (names[i].equals(name)) return true;
  return false;
}

/** RFC 9110, 5.6.2: one or more of ! # $ % & ' * + - . ^ _ ` | ~ digits letters. */
export function isToken(name: Bytes): bool {
  if (name.length == 0) return false;
  for (let i: usize = 0, n = <usize>name.length; i < n; i++) {
    const c = load<u8>(name.ptr + i);
    const letter = <u32>(c | 0x20) - 0x61 < 26;
    const digit = <u32>c - 0x30 < 10;
    if (letter || digit) continue;
    if (c == 0x21 || (c >= 0x23 && c <= 0x27) || c == 0x2a || c == 0x2b || c == 0x2d || c == 0x2e) continue;
    if (c == 0x5e || c == 0x5f || c == 0x60 || c == 0x7c || c == 0x7e) continue;
    return false;
  }
  return true;
}

/**
 * RFC 9110, 5.5: visible characters, space, tab and bytes from 0x80. Envoy checks requests itself but writes a response's CR, LF and
 * NUL to the client as they are, which lets whoever controls the value add headers and bodies of their own.
 */
export function isFieldValue(value: Bytes): bool {
  value._fresh();
  let at = value.ptr;
  const end = at + <usize>value.length;
  // Eight at a time: no byte below 0x20 and none that is 0x7f (Bit Twiddling Hacks, "determine if a word has a byte less than n").
  for (; at + 8 <= end; at += 8) {
    const word = load<u64>(at);
    const deleted = word ^ 0x7f7f7f7f7f7f7f7f;
    const low = (word - 0x2020202020202020) & ~word;
    if (((low | ((deleted - 0x0101010101010101) & ~deleted)) & 0x8080808080808080) != 0) break;
  }
  for (; at < end; at++) {
    const c = load<u8>(at);
    if ((c < 0x20 && c != 0x09) || c == 0x7f) return false;
  }
  return true;
}

/** Neither blanks nor control characters: what may stand in a request line. */
export function isVisible(value: Bytes): bool {
  for (let i: usize = 0, n = <usize>value.length; i < n; i++) {
    const c = load<u8>(value.ptr + i);
    if (c <= 0x20 || c == 0x7f) return false;
  }
  return value.length > 0;
}

/**
 * What a request's pseudo header or x-forwarded-proto may be for Envoy to route by. A blank in `:path` or `:method` would be another request
 * line to a lenient upstream.
 */
export function isRequestValue(name: HeaderName, value: Bytes): bool {
  const wanted = name.bytes;
  if (wanted.equals(HeaderName.METHOD.bytes)) return isToken(value) && !value.equals(CONNECT);
  if (wanted.equals(HeaderName.PATH.bytes) || wanted.equals(HeaderName.AUTHORITY.bytes)) return isVisible(value);
  return (wanted.equals(HeaderName.SCHEME.bytes) || name.kind == NameKind.Routing) && (value.equals(HTTP) || value.equals(HTTPS));
}

/** `te: trailers`, which gRPC needs, is the one header of its kind that a filter may set. */
export function isTrailersTe(name: HeaderName, value: Bytes): bool {
  return name.bytes.equals(TE) && value.equals(TRAILERS);
}

/** What may be removed although it is Envoy's: the length, before a body is edited, and `te`. */
export function mayRemove(name: HeaderName): bool {
  return name.bytes.equals(HeaderName.CONTENT_LENGTH.bytes) || name.bytes.equals(TE);
}
