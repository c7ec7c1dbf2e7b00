const FIRST = Date.UTC(1970, 0, 1);
const END = Date.UTC(2200, 0, 1);

/** An RFC 3339 date-time in nanoseconds since 1970; undefined when there is no such day or time, or it is out of 1970 to 2199. No leap seconds. */
export function nanosecondsSince1970(text: string): bigint | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/.exec(text);
  if (match === null) return undefined;
  const [, day = "", time = "", fraction = "", zone = ""] = match;
  const local = Date.parse(`${day}T${time}Z`);
  // JavaScript takes 24:00:00, and some engines the 30th of February.
  if (Number.isNaN(local) || new Date(local).toISOString() !== `${day}T${time}.000Z`) return undefined;
  const [hours = 0, minutes = 0] = zone === "Z" ? [] : zone.slice(1).split(":").map(Number);
  if (hours > 23 || minutes > 59) return undefined;
  const milliseconds = local - (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000;
  if (milliseconds < FIRST || milliseconds >= END) return undefined;
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}
