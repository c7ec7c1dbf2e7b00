/** LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 0x80);
  }
}

/** LEB128 of a number that is not negative, as a signed one: the last byte's sixth bit is the sign. */
export function signed(value: number): number[] {
  const bytes = unsigned(value);
  const last = bytes.at(-1) as number;
  return last < 0x40 ? bytes : [...bytes.slice(0, -1), last | 0x80, 0];
}
