import { ArenaBuffer, Bytes } from "proxy-wasm-assemblyscript-sdk";
import { isBlank } from "proxy-wasm-assemblyscript-sdk/assembly/bytes";
import { find, Members } from "./text";

/** What baggage may pass. */
export class BaggagePolicy {
  /** Members at most; W3C asks for at least 64. */
  maxMembers: i32 = 64;
  /** Bytes of the whole header at most; W3C asks for at least 8,192. */
  maxBytes: i32 = 8192;
  /** Keys that may pass; null: all. */
  allow: Bytes[] | null = null;
  private members: Members = new Members();

  /**
   * Copies the members of one header (W3C Baggage, 3.3.1) that may pass to `into`, without the blanks around them. Members that are not
   * well formed, not allowed or above a limit are left out; order stays.
   *
   * @param count how many are in `into` already
   * @returns how many are in it now
   */
  filter(header: Bytes, into: ArenaBuffer, count: i32): i32 {
    const members = this.members.of(header.ptr, header.length);
    while (count < this.maxMembers && members.next()) {
      const comma = count > 0 ? 1 : 0;
      if (into.length + comma + members.length > this.maxBytes) continue;
      const key = keyLength(members.start, members.length);
      if (key == 0 || !this.allows(members.start, key)) continue;
      if (comma) into.pushByte(0x2c);
      into.push(members.start, members.length);
      count++;
    }
    return count;
  }

  private allows(key: usize, length: i32): bool {
    const allow = this.allow;
    if (allow === null) return true;
    for (let i = 0; i < allow.length; i++) {
      if (allow[i].length == length && memory.compare(allow[i].ptr, key, length) == 0) return true;
    }
    return false;
  }
}

/** How long the key is with which a member begins; 0 when the member is not well formed: token, `=`, baggage-octets, properties. */
function keyLength(member: usize, length: i32): i32 {
  const equals = find(member, length, 0x3d);
  let key = max(equals, 0);
  while (key > 0 && isBlank(load<u8>(member + <usize>key - 1))) key--;
  for (let i = 0; i < key; i++) {
    // RFC 9110 token: visible, and none of the separators.
    const c = <i32>load<u8>(member + <usize>i);
    if (c <= 0x20 || c >= 0x7f || isSeparator(c)) return 0;
  }
  const properties = find(member, length, 0x3b, equals + 1);
  const end = properties < 0 ? length : properties;
  return isValue(member, equals + 1, end) && isText(member, end, length) ? key : 0;
}

/** baggage-octets with blanks around: no blank, quote or backslash within. */
function isValue(member: usize, start: i32, end: i32): bool {
  while (start < end && isBlank(load<u8>(member + <usize>start))) start++;
  while (end > start && isBlank(load<u8>(member + <usize>end - 1))) end--;
  for (let i = start; i < end; i++) {
    if (load<u8>(member + <usize>i) == 0x20) return false;
  }
  return isText(member, start, end);
}

/** In properties, blanks and `=` may stand, too. */
function isText(member: usize, start: i32, end: i32): bool {
  for (let i = start; i < end; i++) {
    const c = load<u8>(member + <usize>i);
    if ((c < 0x20 && c != 0x09) || c >= 0x7f || c == 0x22 || c == 0x5c) return false;
  }
  return true;
}

function isSeparator(c: i32): bool {
  const brackets = c == 0x28 || c == 0x29 || (c >= 0x5b && c <= 0x5d) || c == 0x7b || c == 0x7d;
  return brackets || c == 0x22 || c == 0x2c || c == 0x2f || (c >= 0x3a && c <= 0x40);
}
