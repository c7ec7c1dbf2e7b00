/** Percentages are parts per this many, as the SDK's JSON reader gives them. */
export const WHOLE: u32 = 1_000_000_000;

/**
 * The head decision, from the trace id alone, so that all hops with one percentage agree and a higher percentage samples a superset.
 * As OpenTelemetry's consistent probability sampling: the right-most 56 bits are the trace's randomness R; sampled when
 * R >= (1 - p) * 2^56.
 *
 * @param traceLow the low half of the trace id
 * @param share parts per 1,000,000,000: 0 never, `WHOLE` always
 */
export function sampledByTraceId(traceLow: u64, share: u32): bool {
  if (share == 0) return false;
  if (share >= WHOLE) return true;
  const randomness = traceLow & 0x00ff_ffff_ffff_ffff;
  return randomness >= rejection(WHOLE - share);
}

/** rejected / WHOLE * 2^56, rounded down; in two steps, because the product needs 86 bits. */
function rejection(rejected: u32): u64 {
  const high = ((<u64>rejected) << 32) / WHOLE; // 32 bits of the quotient
  const rest = ((<u64>rejected) << 32) % WHOLE;
  return (high << 24) + (rest << 24) / WHOLE;
}
