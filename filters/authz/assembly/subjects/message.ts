import { ArenaBuffer, Bytes, HeaderName, Headers } from "proxy-wasm-assemblyscript-sdk";
import { Attributes, hexadecimalDigit, isDigit } from "../../../../policy";
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

const AUTHORIZATION: Bytes = Bytes.of("authorization");
const BLANK: u8 = 0x20;
const EQUALS: u8 = 0x3d;
const COMMA: u8 = 0x2c;
const COLON: u8 = 0x3a;
const DOT: u8 = 0x2e;
const OPEN_BRACKET: u8 = 0x5b;
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
      if (this.values.length > MOST_VALUES || !this.add(host.slice(start, comma).trim())) return false;
      start = comma + 1;
    }
    return this.add(start == 0 ? host : host.slice(start).trim()) && this.values.length <= MOST_VALUES;
  }

  /** False where nobody knows which host it is. */
  private add(host: Bytes): bool {
    this.values.push(host);
    if (!this.strict) return true;
    const end = endOfName(host);
    if (end < 0) return false;
    let bare = end;
    while (host.at(bare - 1) == DOT) bare--;
    if (bare == host.length) return true;
    this.values.push(host.slice(0, bare));
    if (bare == end || end == host.length) return true;
    // `example.com.:8080` is `example.com:8080`, too.
    const text = new ArenaBuffer();
    text.pushBytes(host.slice(0, bare));
    text.pushBytes(host.slice(end));
    this.values.push(text.bytes());
    return text.ok;
  }
}

/**
 * Where the name ends and the port begins; -1 where servers do not agree, for some cut at the first colon whatever follows: `host:http`,
 * `host:80:80`. Also where something ends a host for some, begins one, or is an escape: `user@host`, `host/path`, `h%6fst`, `[host]`.
 */
function endOfName(host: Bytes): i32 {
  const v6 = host.at(0) == OPEN_BRACKET;
  let end = v6 ? host.indexOf(CLOSE_BRACKET) + 1 : host.indexOf(COLON);
  if (v6 && (end == 0 || host.indexOf(COLON) < 0 || host.indexOf(COLON) >= end)) return -1;
  if (end < 0) end = host.length;
  for (let i = 0; i < end; i++) {
    const byte = host.at(i);
    if (v6 && i > 0 && i < end - 1 && hexadecimalDigit(byte) < 0 && byte != COLON && byte != DOT) return -1;
    if (!v6 && !isNameByte(byte)) return -1;
  }
  if (end < host.length && host.at(end) != COLON) return -1;
  for (let i = end + 1; i < host.length; i++) if (!isDigit(host.at(i))) return -1;
  return end;
}

function isNameByte(byte: i32): bool {
  if (byte <= 0x20 || byte >= 0x7f || byte == OPEN_BRACKET || byte == CLOSE_BRACKET) return false;
  return byte != 0x40 && byte != 0x2f && byte != 0x5c && byte != 0x3f && byte != 0x23 && byte != 0x25;
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
    if (this.strict && this.header.bytes.equals(AUTHORIZATION)) {
      for (let i = 0; i < lines; i++) if (!this.credentials(this.values[i])) return false;
    }
    const own = this.values.length;
    if (lines > 1) {
      const joined = headers.combined(this.header);
      if (joined === null) return false;
      this.values.push(joined);
    }
    if (this.strict) for (let i = 0; i < lines; i++) this.split(this.values[i]);
    if (this.values.length > MOST_VALUES) return false;
    this.extra = this.values.length - own;
    return true;
  }

  /**
   * Further credentials behind a comma, `Bearer a,Bearer b`, which Envoy makes of two headers: ALLOW rules must hold for them, too. Parameters, as
   * `Digest a="b", c=d` has them, are none. False where there are too many pieces.
   */
  private credentials(line: Bytes): bool {
    let pieces = 0;
    for (let comma = line.indexOf(COMMA); comma >= 0; pieces++) {
      if (pieces > MOST_VALUES) return false;
      const next = line.indexOf(COMMA, comma + 1);
      const one = line.slice(comma + 1, next < 0 ? line.length : next).trim();
      const blank = one.indexOf(BLANK);
      const equals = one.indexOf(EQUALS);
      if (blank > 0 && (equals < 0 || equals > blank)) this.values.push(one);
      comma = next;
    }
    return true;
  }

  private split(list: Bytes): void {
    let start = 0;
    for (let comma = list.indexOf(COMMA); comma >= 0 && this.values.length <= MOST_VALUES; comma = list.indexOf(COMMA, start)) {
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
