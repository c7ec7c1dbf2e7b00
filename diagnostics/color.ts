/** The part of a stream that colours depend on. */
export interface ColorTarget {
  isTTY?: boolean | undefined;
}

/**
 * Whether to write colours: NO_COLOR (any value but the empty one) forbids, FORCE_COLOR (any but `0` and `false`) demands, otherwise only
 * a terminal that is not `dumb` gets them.
 */
export function wantsColor(target: ColorTarget, env: Record<string, string | undefined> = process.env): boolean {
  if (env["NO_COLOR"]) return false;
  const force = env["FORCE_COLOR"];
  if (force !== undefined) return force !== "0" && force !== "false";
  return target.isTTY === true && env["TERM"] !== "dumb";
}
