const STAR: u8 = 0x2a;

/**
 * Does the whole text match a glob, in which `*` stands for any bytes, also none? A star that was passed is never gone back behind: the work
 * is at most the product of both lengths.
 */
export function globMatches(glob: usize, globLength: i32, text: usize, length: i32): bool {
  let g = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < length) {
    if (g < globLength && load<u8>(glob + <usize>g) == STAR) {
      star = g++;
      mark = t;
    } else if (g < globLength && load<u8>(glob + <usize>g) == load<u8>(text + <usize>t)) {
      g++;
      t++;
    } else if (star >= 0) {
      g = star + 1;
      t = ++mark;
    } else return false;
  }
  while (g < globLength && load<u8>(glob + <usize>g) == STAR) g++;
  return g == globLength;
}
