import { Bytes, HeaderName } from "proxy-wasm-assemblyscript-sdk";
import { hexadecimalDigit } from "../ascii";
import { Attributes } from "../attributes";
import { Value } from "../value";

const TRACEPARENT: HeaderName = new HeaderName("traceparent");
/** `00-` trace id `-` parent id `-` flags. */
const LENGTH: i32 = 55;
const DASH: i32 = 0x2d;

/** The id of the request's trace, 32 hexadecimal digits, from `traceparent` (W3C Trace Context level 2, 3.2); absent when there is no valid one, or several. */
export class TraceIdValue extends Value {
  at(from: Attributes, index: i32): Bytes | null {
    const header = index == 0 ? from.headers.unique(TRACEPARENT) : null;
    return header !== null && isTraceparent(header) ? header.slice(3, 35) : null;
  }
}

function isTraceparent(text: Bytes): bool {
  if (text.length < LENGTH || text.at(2) != DASH || text.at(35) != DASH || text.at(52) != DASH) return false;
  const first = text.at(0) == 0x30 && text.at(1) == 0x30;
  if (first ? text.length != LENGTH : text.length > LENGTH && text.at(LENGTH) != DASH) return false;
  if (text.at(0) == 0x66 && text.at(1) == 0x66) return false;
  return isHex(text, 0, 2) && isHex(text, 53, 55) && isId(text, 3, 35) && isId(text, 36, 52);
}

/** Digits of which one at least is not 0. */
function isId(text: Bytes, from: i32, to: i32): bool {
  if (!isHex(text, from, to)) return false;
  for (let i = from; i < to; i++) if (text.at(i) != 0x30) return true;
  return false;
}

/** Small letters only, as the specification has it. */
function isHex(text: Bytes, from: i32, to: i32): bool {
  for (let i = from; i < to; i++) {
    const byte = text.at(i);
    if (hexadecimalDigit(byte) < 0 || (byte >= 0x41 && byte <= 0x46)) return false;
  }
  return true;
}
