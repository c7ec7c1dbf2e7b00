import { Bytes } from "proxy-wasm-assemblyscript-sdk";

const DAY: i64 = 86_400;
const SECOND: u64 = 1_000_000_000;
/** 2200-01-01T00:00:00Z in seconds: as nanoseconds it fits 63 bits. */
const END: i64 = 7_258_118_400;

/** No time that there is. */
export const NEVER: u64 = u64.MAX_VALUE;

/** An RFC 3339 date-time, `2030-05-01T12:00:00.5+02:00`, in nanoseconds since 1970; `NEVER` when it is none, or out of 1970 to 2199. No leap seconds. */
export function nanosecondsSince1970(text: Bytes): u64 {
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  if (text.at(4) != 0x2d || text.at(7) != 0x2d || text.at(10) != 0x54 || text.at(13) != 0x3a || text.at(16) != 0x3a) return NEVER;
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return NEVER;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return NEVER;
  let at = 19;
  let fraction: u64 = 0;
  if (text.at(at) == 0x2e) {
    let places = 0;
    for (at++; places < 9 && digits(text, at, 1) >= 0; at++, places++) fraction = fraction * 10 + <u64>digits(text, at, 1);
    if (places == 0) return NEVER;
    for (; places < 9; places++) fraction *= 10;
  }
  let offset: i64 = 0;
  const zone = text.at(at);
  if (zone == 0x5a) at++;
  else {
    const hours = digits(text, at + 1, 2);
    const minutes = digits(text, at + 4, 2);
    if ((zone != 0x2b && zone != 0x2d) || text.at(at + 3) != 0x3a || hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return NEVER;
    offset = (<i64>hours * 60 + <i64>minutes) * (zone == 0x2d ? -60 : 60);
    at += 6;
  }
  if (at != text.length) return NEVER;
  const seconds = daysSince1970(year, month, day) * DAY + <i64>hour * 3_600 + <i64>minute * 60 + <i64>second - offset;
  return seconds < 0 || seconds >= END ? NEVER : <u64>seconds * SECOND + fraction;
}

/** The number that `count` digits write; -1 when there are not as many. */
function digits(text: Bytes, from: i32, count: i32): i32 {
  let value = 0;
  for (let i = from; i < from + count; i++) {
    const digit = text.at(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function isLeap(year: i32): bool {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

function daysOf(year: i32, month: i32): i32 {
  if (month == 2) return isLeap(year) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** Days of the Gregorian calendar. */
function daysSince1970(year: i32, month: i32, day: i32): i64 {
  const before = year - 1;
  let days = <i64>before * 365 + <i64>(before / 4 - before / 100 + before / 400) - 719_162;
  for (let m = 1; m < month; m++) days += <i64>daysOf(year, m);
  return days + <i64>day - 1;
}
