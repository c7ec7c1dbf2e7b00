import { ArenaBuffer, Bytes } from "proxy-wasm-assemblyscript-sdk";

/** A String of RFC 9651, 3.3.3: in quotes, `"` and `\` escaped. The text must be visible ASCII and spaces: the configuration sees to it. */
export function pushString(into: ArenaBuffer, text: Bytes): void {
  into.pushByte(0x22);
  for (let i = 0; i < text.length; i++) {
    const byte = <u8>text.at(i);
    if (byte == 0x22 || byte == 0x5c) into.pushByte(0x5c);
    into.pushByte(byte);
  }
  into.pushByte(0x22);
}

/** A non-negative Integer of RFC 9651, 3.3.1: at most fifteen digits; what is larger is written as the largest. */
export function pushInteger(into: ArenaBuffer, value: u64): void {
  into.pushDecimal(min(value, 999_999_999_999_999));
}

/** Whole seconds, rounded up: who waits so long has waited long enough. */
export function secondsUp(nanoseconds: u64): u64 {
  return nanoseconds / 1_000_000_000 + (nanoseconds % 1_000_000_000 == 0 ? 0 : 1);
}
