import { Bytes } from "../bytes";

/** What `parseInteger` and its like answer: a value, or that there is none. Read at once. */
export class Parsed {
  static ok: bool = false;
  static value: i64 = 0;
  /** Of `parseScaled`: nothing but zeros was dropped; there was a sign. */
  static exact: bool = true;
  static negative: bool = false;

  static set(value: i64): bool {
    Parsed.ok = true;
    Parsed.value = value;
    return true;
  }

  static none(): bool {
    Parsed.ok = false;
    Parsed.value = 0;
    return false;
  }
}

/** An integer from -2^63 to 2^63 - 1, exact; `1.0` and `1e3` are not integers. Result in `Parsed`. */
export function parseInteger(text: Bytes): bool {
  return parseDecimal(text, 0);
}

/**
 * A decimal number in units of 10^-`digits`, exact: with 2 digits "1.5" is 150. Refused: more decimals than that unless they are
 * zeros, exponents, what does not fit 64 bits. Result in `Parsed`.
 */
export function parseDecimal(text: Bytes, digits: i32): bool {
  let at = 0;
  const negative = text.at(0) == 0x2d;
  if (negative) at++;
  let value: u64 = 0;
  let seen = 0;
  let decimals = -1; // -1: before the point
  for (; at < text.length; at++) {
    const c = text.at(at);
    if (c == 0x2e && decimals < 0 && digits > 0 && seen > 0) {
      decimals = 0;
      continue;
    }
    const digit = c - 0x30;
    if (digit < 0 || digit > 9) return Parsed.none();
    seen++;
    if (decimals >= digits) {
      if (digit != 0) return Parsed.none();
      continue;
    }
    if (decimals >= 0) decimals++;
    if (value > 922337203685477580) return Parsed.none();
    value = value * 10 + <u64>digit;
  }
  if (seen == 0 || text.at(text.length - 1) == 0x2e) return Parsed.none();
  for (let i = max(decimals, 0); i < digits; i++) {
    if (value > 922337203685477580) return Parsed.none();
    value *= 10;
  }
  const most = <u64>i64.MAX_VALUE + (negative ? 1 : 0);
  if (value > most) return Parsed.none();
  return Parsed.set(negative ? -(<i64>value) : <i64>value);
}

/**
 * Any JSON number in units of 10^-`digits`, decimals beyond that dropped: with 2 digits "1.239" and "12.39e-1" are 123. Refused: not
 * a JSON number, what does not fit 64 bits. Result in `Parsed`.
 */
export function parseScaled(text: Bytes, digits: i32): bool {
  let mantissa = text.indexOf(0x65);
  if (mantissa < 0) mantissa = text.indexOf(0x45);
  let exponent = 0;
  if (mantissa < 0) mantissa = text.length;
  else if (text.length - mantissa > 6) return Parsed.none();
  else {
    const plus = text.at(mantissa + 1) == 0x2b;
    if (!parseInteger(text.slice(mantissa + (plus ? 2 : 1)))) return Parsed.none();
    exponent = <i32>Parsed.value;
  }
  const negative = text.at(0) == 0x2d;
  const start = negative ? 1 : 0;
  let point = text.slice(0, mantissa).indexOf(0x2e);
  if (point < 0) point = mantissa;
  // How many digits of the mantissa, its point left out, count.
  const wanted = point - start + exponent + digits;
  let value: u64 = 0;
  let taken = 0;
  let exact = true;
  for (let at = start; at < mantissa; at++) {
    const digit = text.at(at) - 0x30;
    if (at == point) continue;
    if (digit < 0 || digit > 9) return Parsed.none();
    if (taken++ >= wanted) {
      if (digit != 0) exact = false;
      continue;
    }
    if (value > 922337203685477580) return Parsed.none();
    value = value * 10 + <u64>digit;
  }
  if (taken == 0) return Parsed.none();
  for (; taken < wanted && value != 0; taken++) {
    if (value > 922337203685477580) return Parsed.none();
    value *= 10;
  }
  if (value > <u64>i64.MAX_VALUE) return Parsed.none();
  Parsed.exact = exact;
  Parsed.negative = negative;
  return Parsed.set(negative ? -(<i64>value) : <i64>value);
}

/**
 * A duration as `"250ms"`, `"1.5s"` or `"1h30m"`: numbers with a unit each (ns, us, ms, s, m, h). Result in nanoseconds in `Parsed`;
 * refused: no unit, a sign, an unknown unit, more than 292 years.
 */
export function parseDuration(text: Bytes): bool {
  let total: i64 = 0;
  let at = 0;
  if (text.length == 0) return Parsed.none();
  while (at < text.length) {
    const from = at;
    while (at < text.length && ((text.at(at) >= 0x30 && text.at(at) <= 0x39) || text.at(at) == 0x2e)) at++;
    if (at == from || text.at(from) == 0x2e) return Parsed.none();
    const number = text.slice(from, at);
    const c = text.at(at);
    const d = text.at(at + 1);
    let unit: i64 = 0;
    if (d == 0x73 && (c == 0x6e || c == 0x75 || c == 0x6d)) {
      unit = c == 0x6e ? 1 : c == 0x75 ? 1_000 : 1_000_000;
      at += 2;
    } else if (c == 0x73 || c == 0x6d || c == 0x68) {
      unit = c == 0x73 ? 1_000_000_000 : c == 0x6d ? 60_000_000_000 : 3_600_000_000_000;
      at += 1;
    } else return Parsed.none();
    if (!parseDecimal(number, unit == 1 ? 0 : 6)) return Parsed.none();
    const value = Parsed.value; // in 10^-6 of the unit
    const scale = unit == 1 ? 1 : unit / 1_000_000;
    if (scale == 0) {
      // us: 10^-6 of it is below a nanosecond
      if (value % 1_000 != 0) return Parsed.none();
      total += value / 1_000;
    } else {
      if (value != 0 && (value > i64.MAX_VALUE / scale || total > i64.MAX_VALUE - value * scale)) return Parsed.none();
      total += value * scale;
    }
    if (total < 0) return Parsed.none();
  }
  return Parsed.set(total);
}
