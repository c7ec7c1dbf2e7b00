export function isDigit(byte: i32): bool {
  return <u32>(byte - 0x30) < 10;
}

/** A letter, a digit or `_`. */
export function isWord(byte: i32): bool {
  return isDigit(byte) || <u32>((byte | 0x20) - 0x61) < 26 || byte == 0x5f;
}

/** The value of a hexadecimal digit, or -1. */
export function hexadecimalDigit(byte: i32): i32 {
  if (isDigit(byte)) return byte - 0x30;
  const letter = (byte | 0x20) - 0x61;
  return <u32>letter < 6 ? letter + 10 : -1;
}
