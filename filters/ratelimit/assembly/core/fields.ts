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
  let rest = min(value, 999_999_999_999_999);
  let digits = 1;
  for (let ten: u64 = 10; rest >= ten; ten *= 10) digits++;
  let at = into.reserve(digits);
  if (at == 0) return;
  for (at += <usize>digits - 1; digits > 0; digits--, at--) {
    store<u8>(at, 0x30 + <u8>(rest % 10));
    rest /= 10;
  }
}

export function pushBytes(into: ArenaBuffer, bytes: Bytes): void {
  into.push(bytes.ptr, bytes.length);
}

/** Whole seconds, rounded up: who waits so long has waited long enough. */
export function secondsUp(nanoseconds: u64): u64 {
  return nanoseconds / 1_000_000_000 + (nanoseconds % 1_000_000_000 == 0 ? 0 : 1);
}
