import { Bytes, EMPTY } from "proxy-wasm-assemblyscript-sdk";
import { isDigit } from "../../../../policy";

const COLON: u8 = 0x3a;
const DOT: u8 = 0x2e;
const BRACKET: u8 = 0x5b;
const BRACKET_END: u8 = 0x5d;

/** A host or address, and its port, of text as `1.2.3.4:80`, `[::1]:80`, `example.com`. Reused. */
export class Endpoint {
  host: Bytes = EMPTY;
  /** 0: none. */
  port: u32 = 0;

  read(text: Bytes): Endpoint {
    this.host = text;
    this.port = 0;
    let colon = -1;
    if (text.at(0) == BRACKET) {
      const end = text.indexOf(BRACKET_END);
      if (end < 0) return this;
      this.host = text.slice(1, end);
      if (text.at(end + 1) == COLON) colon = end + 1;
    } else {
      colon = text.indexOf(COLON);
      // Several and no brackets: an IPv6 address alone.
      if (colon >= 0 && text.indexOf(COLON, colon + 1) >= 0) return this;
      if (colon >= 0) this.host = text.slice(0, colon);
    }
    if (colon >= 0 && text.length - colon <= 6) {
      const port = text.slice(colon + 1).toU64();
      if (port <= 65535) this.port = <u32>port;
    }
    return this;
  }

  /** The host looks like an IPv4 address: digits and dots. */
  get isV4(): bool {
    const host = this.host;
    for (let i = 0; i < host.length; i++) {
      if (!isDigit(host.at(i)) && host.at(i) != DOT) return false;
    }
    return host.length > 0;
  }

  /** The host looks like an IPv6 address: hexadecimal digits, colons and dots. */
  get isV6(): bool {
    const host = this.host;
    let colons = 0;
    for (let i = 0; i < host.length; i++) {
      const c = host.at(i);
      if (c == COLON) colons++;
      else if (!isDigit(c) && c != DOT && <u32>((c | 0x20) - 0x61) > 5) return false;
    }
    return colons > 1;
  }
}
