export type Random = () => number;

/** Numbers from 0 to 1 that a seed decides: mulberry32. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(random: Random, list: readonly T[]): T {
  // The list may have undefined in it, so that this cannot be asked of the result.
  if (list.length === 0) throw new Error("nothing to choose from");
  return list[Math.floor(random() * list.length)] as T;
}
