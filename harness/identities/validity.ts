import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { parseDuration } from "../duration.ts";
import type { Validity } from "./types.ts";

const HOUR_MS = 3_600_000;
/** For clocks that are behind ours, as Istio does it. */
const SKEW_MS = 60_000;

/**
 * Both ends of a certificate's time, in whole seconds as X.509 has them.
 *
 * @throws MeshscriptError MS0601 for a duration, MS0602 when it would end before it begins.
 */
export function validity(given: Validity, now: Date, usual: string): { notBefore: Date; notAfter: Date } {
  if (given.notAfter && given.validFor !== undefined) {
    throw new MeshscriptError(diagnostic("MS0602", "`notAfter` and `validFor` say the same thing: give one of them"));
  }
  const length = parseDuration(given.validFor ?? usual, { negative: true });
  const notAfter = wholeSeconds(given.notAfter?.getTime() ?? now.getTime() + length);
  // What has expired was valid once: it must not begin after its end.
  const notBefore = wholeSeconds(given.notBefore?.getTime() ?? Math.min(now.getTime() - SKEW_MS, notAfter.getTime() - HOUR_MS));
  if (notBefore.getTime() <= notAfter.getTime()) return { notBefore, notAfter };
  const message = `a certificate that ends (${notAfter.toISOString()}) before it begins (${notBefore.toISOString()})`;
  throw new MeshscriptError(diagnostic("MS0602", message));
}

function wholeSeconds(milliseconds: number): Date {
  return new Date(Math.floor(milliseconds / 1_000) * 1_000);
}
