/** Whether so many bytes are the same in two places, wherever they lie: eight at a time, where `memory.compare` takes one when they are not aligned alike. */
export function sameBytes(a: usize, b: usize, length: usize): bool {
  const end = a + length;
  if (length >= 8) {
    const last = end - 8;
    const distance = b - a;
    for (; a < last; a += 8) if (load<u64>(a) != load<u64>(a + distance)) return false;
    // The last eight once more, as far as they were seen.
    return load<u64>(last) == load<u64>(last + distance);
  }
  for (; a < end; a++, b++) if (load<u8>(a) != load<u8>(b)) return false;
  return true;
}
