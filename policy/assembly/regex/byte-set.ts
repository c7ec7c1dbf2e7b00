/** A set of bytes. */
export class ByteSet {
  readonly bits: StaticArray<u64> = new StaticArray<u64>(4);

  has(byte: i32): bool {
    return ((this.bits[byte >> 6] >> (byte & 63)) & 1) != 0;
  }

  add(low: i32, high: i32): void {
    for (let byte = low; byte <= high; byte++) this.bits[byte >> 6] |= (<u64>1) << (byte & 63);
  }

  /** Adds a range, and the other case of the letters of ASCII in it; RE2 knows no other letters where characters are bytes. */
  addFolded(low: i32, high: i32): void {
    this.add(low, high);
    for (let byte = low; byte <= high; byte++) {
      if (<u32>((byte | 0x20) - 0x61) < 26) this.add(byte ^ 0x20, byte ^ 0x20);
    }
  }

  addAll(other: ByteSet): void {
    for (let i = 0; i < 4; i++) this.bits[i] |= other.bits[i];
  }

  /** All bytes that are not in this one. */
  negated(): ByteSet {
    const rest = new ByteSet();
    for (let i = 0; i < 4; i++) rest.bits[i] = ~this.bits[i];
    return rest;
  }
}

// prettier-ignore
/** Name and ranges of each class that has a name: those of Perl, as `d`, and of POSIX. */
const NAMED: string[] = [
  "d", "09", "s", "\t\n\f\r  ", "w", "09AZ__az",
  "alnum", "09AZaz", "alpha", "AZaz", "ascii", "\0\x7f", "blank", "\t\t  ", "cntrl", "\0\x1f\x7f\x7f", "digit", "09", "graph", "!~",
  "lower", "az", "print", " ~", "punct", "!/:@[`{~", "space", "\t\r  ", "upper", "AZ", "word", "09AZ__az", "xdigit", "09AFaf",
];

/** The class of a name, folded where case does not count; null when there is none. */
export function namedSet(name: string, fold: bool): ByteSet | null {
  for (let i = 0; i < NAMED.length; i += 2) {
    if (NAMED[i] != name) continue;
    const set = new ByteSet();
    const ranges = NAMED[i + 1];
    for (let k = 0; k < ranges.length; k += 2) {
      if (fold) set.addFolded(ranges.charCodeAt(k), ranges.charCodeAt(k + 1));
      else set.add(ranges.charCodeAt(k), ranges.charCodeAt(k + 1));
    }
    return set;
  }
  return null;
}
