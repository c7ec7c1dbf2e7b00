/** Writes the low `digits` hexadecimal digits of `value` in lower case to `at`. */
export function hex(at: usize, value: u64, digits: i32): void {
  for (let i = digits - 1; i >= 0; i--) {
    const digit = <u8>(value & 15);
    store<u8>(at + <usize>i, digit < 10 ? 0x30 + digit : 0x57 + digit);
    value >>= 4;
  }
}

/** True when all are 0-9 or a-f: W3C and B3 forbid A-F. */
export function hexLower(at: usize, digits: i32): bool {
  for (let i = 0; i < digits; i++) {
    const c = load<u8>(at + <usize>i);
    if (<u32>c - 0x30 > 9 && <u32>c - 0x61 > 5) return false;
  }
  return true;
}

/** True when all are 0-9, a-f or A-F. */
export function hexAny(at: usize, digits: i32): bool {
  for (let i = 0; i < digits; i++) {
    const c = load<u8>(at + <usize>i);
    if (<u32>c - 0x30 > 9 && <u32>(c | 0x20) - 0x61 > 5) return false;
  }
  return true;
}

/** The value of up to 16 digits that `hexLower` or `hexAny` has accepted. */
export function readHex(at: usize, digits: i32): u64 {
  let value: u64 = 0;
  for (let i = 0; i < digits; i++) {
    const c = <u64>load<u8>(at + <usize>i);
    value = (value << 4) | (c < 0x40 ? c - 0x30 : (c | 0x20) - 0x57);
  }
  return value;
}
