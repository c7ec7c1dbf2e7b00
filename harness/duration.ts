import { MeshscriptError, diagnostic } from "../diagnostics/index.ts";

/** Milliseconds of each unit, under the names that Go, Istio and Envoy's documentation use. */
const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h)/g;
const WHOLE = /^-?(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/;

/**
 * Reads a duration with its unit, in milliseconds: `"250ms"`, `"1.5s"`, `"1h30m"`. Units are ms, s, m and h; the result is exact to a
 * nanosecond.
 *
 * @param options.negative Whether `"-1h"` is one, too [false].
 * @throws MeshscriptError MS0601 for anything else, a bare number included: nobody can see what it counts.
 * @example
 * parseDuration("1.5s"); // 1500
 */
export function parseDuration(text: string, { negative = false }: { negative?: boolean } = {}): number {
  const wrong = (reason: string) => new MeshscriptError(diagnostic("MS0601", `${reason}, got ${JSON.stringify(text)}`));
  if (typeof text !== "string" || !WHOLE.test(text)) throw wrong("a duration is a number with a unit of ms, s, m or h");
  if (text.startsWith("-") && !negative) throw wrong("this duration must not be negative");
  let milliseconds = 0;
  for (const [, number, unit] of text.matchAll(PART)) milliseconds += Number(number) * (UNITS[unit ?? ""] ?? Number.NaN);
  if (!Number.isSafeInteger(Math.trunc(milliseconds))) throw wrong("this duration is too long");
  // 1.005 * 1000 is not 1005 in floating point.
  const exact = Math.round(milliseconds * 1e6) / 1e6;
  return text.startsWith("-") ? 0 - exact : exact;
}
