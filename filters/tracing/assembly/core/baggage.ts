import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { ArenaBuffer } from "proxy-wasm-assemblyscript-sdk";

/** What baggage may pass. */
export class BaggagePolicy {
  /** Members at most; W3C asks for at least 64. */
  maxMembers: i32 = 64;
  /** Bytes of the whole header at most; W3C asks for at least 8,192. */
  maxBytes: i32 = 8192;
  /** Keys that may pass; null: all. */
  allow: Bytes[] | null = null;

  private allows(key: Bytes): bool {
    const allow = this.allow;
    if (allow === null) return true;
    for (let i = 0; i < allow.length; i++) {
      if (allow[i].equals(key)) return true;
    }
    return false;
  }

  /**
   * Copies the members of one header (W3C Baggage, 3.3.1) that may pass to `into`. Members that are not well formed, not allowed
   * or above a limit are left out; order stays.
   *
   * @param members how many are in `into` already
   * @returns how many are in it now; -(n + 1) when something was left out
   */
  filter(header: Bytes, into: ArenaBuffer, members: i32): i32 {
    let changed = false;
    let at = 0;
    while (at <= header.length) {
      let end = header.indexOf(0x2c, at);
      if (end < 0) end = header.length;
      const member = header.slice(at, end).trim();
      at = end + 1;
      if (member.length == 0) continue;
      const key = keyOf(member);
      const comma = members > 0 ? 1 : 0;
      if (key === null || !this.allows(key) || members >= this.maxMembers || into.length + comma + member.length > this.maxBytes) {
        changed = true;
        continue;
      }
      if (comma) into.pushByte(0x2c);
      into.push(member.ptr, member.length);
      members++;
    }
    return changed ? -(members + 1) : members;
  }
}

/** The key of a member, or null when the member is not well formed: token, `=`, then baggage-octets and properties. */
function keyOf(member: Bytes): Bytes | null {
  const equals = member.indexOf(0x3d);
  if (equals < 1) return null;
  const key = member.slice(0, equals).trim();
  if (key.length == 0) return null;
  for (let i = 0; i < key.length; i++) {
    const c = key.at(i);
    // RFC 9110 token: visible, and none of the separators.
    if (c <= 0x20 || c >= 0x7f || isSeparator(c)) return null;
  }
  for (let i = equals + 1; i < member.length; i++) {
    const c = member.at(i);
    // Properties after ";" may hold blanks and "="; quotes and backslashes are in no baggage-octet.
    if ((c < 0x20 && c != 0x09) || c >= 0x7f || c == 0x22 || c == 0x5c) return null;
  }
  return key;
}

function isSeparator(c: i32): bool {
  return (
    c == 0x22 ||
    c == 0x28 ||
    c == 0x29 ||
    c == 0x2c ||
    c == 0x2f ||
    (c >= 0x3a && c <= 0x40) ||
    (c >= 0x5b && c <= 0x5d) ||
    c == 0x7b ||
    c == 0x7d
  );
}
