import { ArenaBuffer, Bytes, HeaderName, Headers } from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../../../../policy";
import { lenientForms } from "../core/lenient-path";
import { Plurality, Presence, Subject } from "./subject";

const QUESTION: u8 = 0x3f;
const HASH: u8 = 0x23;
/** A list that is longer is none of hosts, or of roles, but work for each rule: nobody can tell what it means. */
const MOST_VALUES: i32 = 256;

/** Something of the request's headers. */
abstract class MessageSubject extends Subject {
  constructor(name: string) {
    super(name, Plurality.Alternatives);
  }

  protected read(from: Attributes): Presence {
    // No request is without headers: the host did not give them. Asked again it might, and then what was not found before would be absent.
    if (from.headers.size == 0) return Presence.Unknown;
    return this.gather(from.headers) ? (this.values.length == 0 ? Presence.Absent : Presence.Present) : Presence.Unknown;
  }

  /** Fills `values`; false when that cannot be done. */
  protected abstract gather(headers: Headers): bool;
}

/** The path without query and fragment; absent for a CONNECT without one. */
export class PathSubject extends MessageSubject {
  private readonly text: ArenaBuffer = new ArenaBuffer();

  /** @param strict both as it is and as a lenient upstream may read it */
  constructor(private strict: bool) {
    super("path");
  }

  protected gather(headers: Headers): bool {
    const whole = headers.get(HeaderName.PATH);
    if (whole === null) return true;
    let end = 0;
    while (end < whole.length && whole.at(end) != QUESTION && whole.at(end) != HASH) end++;
    const path = end == whole.length ? whole : whole.slice(0, end);
    this.values.push(path);
    return !this.strict || lenientForms(path, this.text, this.values);
  }
}

/**
 * The method, and where it has small letters the one that a lenient upstream may take it for: over HTTP/2 Envoy hands `get` on
 * (GHSA-w44g-8m76-8gc5).
 */
export class MethodSubject extends MessageSubject {
  private readonly text: ArenaBuffer = new ArenaBuffer();

  constructor() {
    super("method");
  }

  protected gather(headers: Headers): bool {
    const method = headers.get(HeaderName.METHOD);
    if (method === null) return true;
    this.values.push(method);
    const upper = withCase(method, 0x61, this.text);
    if (upper !== null) this.values.push(upper);
    return true;
  }
}

const COMMA: u8 = 0x2c;
const COLON: u8 = 0x3a;
const DOT: u8 = 0x2e;
const CLOSE_BRACKET: u8 = 0x5d;

/** The host in small letters, with its port. Two Host headers, which Envoy joins with a comma, are two. */
export class HostSubject extends MessageSubject {
  private readonly text: ArenaBuffer = new ArenaBuffer();

  /** @param strict also without port and final dot */
  constructor(private strict: bool) {
    super("host");
  }

  protected gather(headers: Headers): bool {
    const raw = headers.get(HeaderName.AUTHORITY);
    if (raw === null) return true;
    const lower = withCase(raw, 0x41, this.text);
    const host = lower === null ? raw : lower;
    let start = 0;
    for (let comma = host.indexOf(COMMA); comma >= 0; comma = host.indexOf(COMMA, start)) {
      if (!this.add(host.slice(start, comma).trim())) return false;
      start = comma + 1;
    }
    return this.add(start == 0 ? host : host.slice(start).trim()) && this.values.length <= MOST_VALUES;
  }

  /** False where nobody knows which host it is. */
  private add(host: Bytes): bool {
    this.values.push(host);
    if (!this.strict) return true;
    if (!isHost(host)) return false;
    const bare = bareHost(host);
    if (bare.length != host.length) this.values.push(bare);
    return true;
  }
}

/** Nothing that ends a host, or begins one, for some server: `user@host`, `host/path`. */
function isHost(host: Bytes): bool {
  for (let i = 0; i < host.length; i++) {
    const byte = host.at(i);
    if (byte <= 0x20 || byte >= 0x7f || byte == 0x40 || byte == 0x2f || byte == 0x5c || byte == 0x3f || byte == 0x23) return false;
  }
  return true;
}

/** `example.com` of `example.com.:8080`. */
function bareHost(host: Bytes): Bytes {
  let end = host.length;
  let digits = end;
  while (digits > 0 && <u32>(host.at(digits - 1) - 0x30) < 10) digits--;
  // In an IPv6 address without brackets no colon is a port's.
  const port = host.at(digits - 1) == COLON && (host.at(digits - 2) == CLOSE_BRACKET || host.indexOf(COLON) == digits - 1);
  if (port) end = digits - 1;
  while (host.at(end - 1) == DOT) end--;
  return end == host.length ? host : host.slice(0, end);
}

/**
 * A request header; each line is a value. DENY and AUDIT rules also see all lines joined with commas, which is what many an upstream makes of
 * them.
 */
export class HeaderSubject extends MessageSubject {
  /** @param strict also the elements of a list: Envoy makes one line of two `authorization`, and an upstream may take any (CVE-2020-25017) */
  constructor(
    name: string,
    private header: HeaderName,
    private strict: bool,
  ) {
    super(name);
  }

  get headerName(): Bytes {
    return this.header.bytes;
  }

  protected gather(headers: Headers): bool {
    for (let at = headers.indexOf(this.header); at >= 0; at = headers.indexOf(this.header, at + 1)) {
      const value = headers.valueAt(at);
      if (value === null) return false;
      this.values.push(value);
    }
    const lines = this.values.length;
    if (lines > 1) {
      const joined = headers.combined(this.header);
      if (joined === null) return false;
      this.values.push(joined);
    }
    if (this.strict) for (let i = 0; i < lines; i++) this.split(this.values[i]);
    if (this.values.length > MOST_VALUES) return false;
    this.extra = this.values.length - lines;
    return true;
  }

  private split(list: Bytes): void {
    let start = 0;
    for (let comma = list.indexOf(COMMA); comma >= 0; comma = list.indexOf(COMMA, start)) {
      this.values.push(list.slice(start, comma).trim());
      start = comma + 1;
    }
    if (start > 0) this.values.push(list.slice(start).trim());
  }
}

/** A copy in which the 26 letters from `first` on are of the other case; null when there is none of them. */
function withCase(bytes: Bytes, first: u8, text: ArenaBuffer): Bytes | null {
  let at: usize = 0;
  for (let i: usize = 0, n = <usize>bytes.length; i < n; i++) {
    if (<u32>load<u8>(bytes.ptr + i) - first >= 26) continue;
    if (at == 0) {
      text.clear();
      at = text.reserve(bytes.length);
      if (at == 0) return null;
      memory.copy(at, bytes.ptr, bytes.length);
    }
    store<u8>(at + i, load<u8>(at + i) ^ 0x20);
  }
  return at == 0 ? null : text.bytes();
}
