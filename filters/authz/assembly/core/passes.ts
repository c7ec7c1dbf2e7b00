import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { sameBytes } from "proxy-wasm-assemblyscript-sdk/assembly/memory/compare";
import { Answer } from "./answer";
import { globMatches } from "./glob";
import { templateMatches } from "./template";
import { Asks } from "./tests";

const SCHEME_LENGTH: i32 = 9; // spiffe://
const SLASH: u8 = 0x2f;
/** The family, and 16 bytes. */
export const ADDRESS_LENGTH: i32 = 17;

/**
 * Does a value of the request (`value`) do what one of the policy (`length` bytes at `text`) asks? Linear in both but for globs.
 *
 * @param raw the value is as it came
 */
export function passes(asks: Asks, text: usize, length: i32, extra: i32, value: Bytes, raw: bool): Answer {
  const at = value.ptr;
  const size = value.length;
  switch (asks) {
    case Asks.Exact:
      return yes(size == length && sameBytes(at, text, <usize>length));
    case Asks.Prefix:
      return yes(size >= length && sameBytes(at, text, <usize>length));
    case Asks.Suffix:
      return yes(size - length >= extra && sameBytes(at + <usize>(size - length), text, <usize>length));
    case Asks.Present:
      return Answer.Yes;
    case Asks.NonEmpty:
      // RE2's dot is no line end: to Istio this is no match, which nobody meant who wrote `*` into a DENY.
      return size == 0 ? Answer.No : value.indexOf(0x0a) >= 0 ? Answer.Unknown : Answer.Yes;
    case Asks.Cidr:
      return yes(inNetwork(text, extra, value));
    case Asks.Template:
      return templateMatches(text, length, extra, value, raw);
    case Asks.Contains:
      return yes(find(value, 0, text, length) >= 0);
    case Asks.Glob:
      return yes(globMatches(text, length, at, size));
    case Asks.TrustDomain:
      return yes(inTrustDomain(text, length, value));
    case Asks.ServiceAccount:
      return yes(isAccount(text, extra, length, value));
    default:
      return Answer.Unknown;
  }
}

// @ts-ignore: decorator
@inline function yes(passed: bool): Answer {
  return passed ? Answer.Yes : Answer.No;
}

function inNetwork(network: usize, bits: i32, address: Bytes): bool {
  if (address.length != ADDRESS_LENGTH) return false;
  const at = address.ptr;
  const whole = bits >> 3;
  if (memory.compare(at, network, whole) != 0) return false;
  const rest = bits & 7;
  const last = <usize>whole;
  return rest == 0 || ((load<u8>(at + last) ^ load<u8>(network + last)) & (<u8>(0xff00 >> rest))) == 0;
}

/** Where `length` bytes at `text` begin in the value, at or after `from`; -1 when nowhere. */
function find(value: Bytes, from: i32, text: usize, length: i32): i32 {
  for (let i = from; i + length <= value.length; i++) {
    if (memory.compare(value.ptr + <usize>i, text, length) == 0) return i;
  }
  return -1;
}

/** `spiffe://TRUST-DOMAIN/...` */
function inTrustDomain(glob: usize, length: i32, id: Bytes): bool {
  const slash = id.indexOf(SLASH, SCHEME_LENGTH);
  return slash > 0 && globMatches(glob, length, id.ptr + <usize>SCHEME_LENGTH, slash - SCHEME_LENGTH);
}

/** RE2's `spiffe://.+/ns/NAMESPACE/(.+/|)sa/ACCOUNT(/.+)?`, with names taken literally. */
function isAccount(text: usize, namespaceLength: i32, length: i32, id: Bytes): bool {
  const account = text + <usize>namespaceLength;
  const accountLength = length - namespaceLength;
  for (let ns = find(id, SCHEME_LENGTH + 1, text, namespaceLength); ns >= 0; ns = find(id, ns + 1, text, namespaceLength)) {
    const start = ns + namespaceLength;
    for (let sa = find(id, start, account, accountLength); sa >= 0; sa = find(id, sa + 1, account, accountLength)) {
      const end = sa + accountLength;
      const opens = sa == start || (sa >= start + 2 && id.at(sa - 1) == SLASH);
      const closes = end == id.length || (id.at(end) == SLASH && end + 1 < id.length);
      if (opens && closes) return true;
    }
  }
  return false;
}
