/** What is decided of a request that a fault picks, each by a number of its own. */
export enum Roll {
  /** Whether it is delayed. */
  Delay = 0,
  /** For how long. */
  Length = 1,
  Abort = 2,
  Response = 3,
}

// @ts-ignore: decorator
@inline const GOLDEN: u64 = 0x9e3779b97f4a7c15;

/**
 * One of the independent numbers that a request's fate holds: SplitMix64's output at that place (Steele, Lea, Flood, OOPSLA 2014). Changing
 * it changes who meets which fault under a seed: that is for the CHANGELOG.
 */
export function draw(fate: u64, roll: Roll): u64 {
  let z = fate + (<u64>roll + 1) * GOLDEN;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

/** What `JsonObject.percentage` calls 100 %. */
export const WHOLE: u32 = 1_000_000_000;

/** True for `share` of `WHOLE` numbers. */
export function happens(number: u64, share: u32): bool {
  // The remainder prefers small ones by 5e-11 of their share.
  return number % <u64>WHOLE < <u64>share;
}

/** True when it needs no number to tell. */
export function isCertain(share: u32): bool {
  return share == 0 || share == WHOLE;
}

/** From 0 to below 1, each as likely; 53 bits. */
export function unit(number: u64): f64 {
  return <f64>(number >> 11) * (1.0 / 9_007_199_254_740_992.0);
}
