// The decision of a request as the documentation says it, in whole numbers of any size: nothing of the module is in it.

const MASK = 2n ** 64n - 1n;
const u64 = (value: bigint) => value & MASK;
const rotated = (x: bigint, bits: bigint) => u64((x << bits) | (x >> (64n - bits)));

/** SipHash-2-4 of the paper. */
export function sipHash([k0, k1]: readonly [bigint, bigint], bytes: Uint8Array): bigint {
  let [a, b, c, d] = [k0 ^ 0x736f6d6570736575n, k1 ^ 0x646f72616e646f6dn, k0 ^ 0x6c7967656e657261n, k1 ^ 0x7465646279746573n];
  const round = () => {
    a = u64(a + b);
    c = u64(c + d);
    b = rotated(b, 13n) ^ a;
    d = rotated(d, 16n) ^ c;
    a = rotated(a, 32n);
    a = u64(a + d);
    c = u64(c + b);
    d = rotated(d, 21n) ^ a;
    b = rotated(b, 17n) ^ c;
    c = rotated(c, 32n);
  };
  const padded = Buffer.concat([bytes, Buffer.alloc(7 - (bytes.length % 8)), Buffer.of(bytes.length & 0xff)]);
  for (let at = 0; at < padded.length; at += 8) {
    const word = padded.readBigUInt64LE(at);
    d ^= word;
    round();
    round();
    a ^= word;
  }
  c ^= 0xffn;
  for (let i = 0; i < 4; i++) round();
  return a ^ b ^ c ^ d;
}

function sized(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** A request id without what Envoy notes in a UUID. */
export function untraced(id: string): string {
  return /^.{8}-.{4}-.{4}-.{4}-.{12}$/.test(id) ? `${id.slice(0, 14)}4${id.slice(15)}` : id;
}

/** What decides: the request's id, or the values of a key. */
export type Identity = { id: string } | { key: readonly string[] };

/** All of a seed's decisions come from these two numbers. */
export function keyOf(seed: string): readonly [bigint, bigint] {
  const bytes = Buffer.from(seed);
  return [sipHash([0n, 0n], bytes), sipHash([0n, 1n], bytes)];
}

export function fateOf(key: readonly [bigint, bigint], name: string, identity: Identity): bigint {
  const parts = "id" in identity ? [Buffer.of(0), sized(untraced(identity.id))] : [Buffer.of(1), ...identity.key.map(sized)];
  return sipHash(key, Buffer.concat([sized(name), ...parts]));
}

/** The numbers that a fate holds, in the order of the module's `Roll`. */
export const rolls = { delay: 0, length: 1, abort: 2, response: 3 } as const;
export type Roll = keyof typeof rolls;

/** SplitMix64 that begins at `fate`: its output after so many steps. */
export function draw(fate: bigint, roll: Roll): bigint {
  let z = u64(fate + BigInt(rolls[roll] + 1) * 0x9e3779b97f4a7c15n);
  z = u64((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = u64((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}

/** @param percentage to seven decimals */
export function happens(number: bigint, percentage: number): boolean {
  return number % 1_000_000_000n < BigInt(Math.round(percentage * 1e7));
}

/** From 0 to below 1. */
export function unit(number: bigint): number {
  return Number(number >> 11n) / 2 ** 53;
}

/** A distribution of delays; lengths in nanoseconds. */
export type Distribution =
  | { fixed: number }
  | { uniform: { min: number; max: number } }
  | { exponential: { mean: number; max: number } }
  /** Percent and length, rising, from 0 on. */
  | { percentiles: readonly (readonly [percent: number, length: number])[] };

/** In nanoseconds, not yet cut to whole ones. */
export function latency(distribution: Distribution, at: number): number {
  if ("fixed" in distribution) return distribution.fixed;
  if ("uniform" in distribution) {
    const { min, max } = distribution.uniform;
    return min + at * (max - min);
  }
  if ("exponential" in distribution) {
    const { mean, max } = distribution.exponential;
    return Math.min(-Math.log(1 - at) * mean, max);
  }
  const table = distribution.percentiles;
  const above = table.findIndex(([percent]) => at * 100 < percent);
  const [highest = 0, most = 0] = above < 0 ? (table.at(-1) ?? []) : (table[above] ?? []);
  const [lowest = 0, least = 0] = above < 0 ? [highest, most] : (table[above - 1] ?? []);
  if (above < 0) return most;
  const way = (at * 100 - lowest) / (highest - lowest);
  // The logarithm grows evenly, where there is one.
  return least === 0 ? most * way : Math.exp(Math.log(least) + way * (Math.log(most) - Math.log(least)));
}

/** A fault, as far as chance has to do with it. */
export interface ModelFault {
  name: string;
  /** The header that is its key [the request's id decides]. */
  key?: string;
  delay?: { of: Distribution; percentage: number };
  abort?: { status: number; percentage: number };
  response?: { status: number; percentage: number };
  shadow?: boolean;
}

/** What a request meets: the status, and the faults as the filter notes them. */
export interface Met {
  status: number;
  faults: string | undefined;
}

/** Says what becomes of a request with these headers, where the upstream answers 200. */
export function modelOf(seed: string, faults: readonly ModelFault[]): (headers: Readonly<Record<string, string>>) => Met {
  const key = keyOf(seed);
  return (headers) => {
    const trial: string[] = [];
    let delayed: string | undefined;
    let aborted: ModelFault | undefined;
    let changed: ModelFault | undefined;
    for (const fault of faults) {
      const value = headers[fault.key ?? "x-request-id"];
      if (value === undefined) continue;
      const fate = fateOf(key, fault.name, fault.key === undefined ? { id: value } : { key: [value] });
      const does = (roll: "delay" | "abort" | "response") => happens(draw(fate, roll), fault[roll]?.percentage ?? 0);
      if (does("delay")) {
        const length = Math.floor(latency(fault.delay?.of ?? { fixed: 0 }, unit(draw(fate, "length"))));
        const note = `${fault.name};delay=${Math.ceil(length / 1e6)}`;
        if (length > 0 && fault.shadow) trial.push(`${note};shadow`);
        else if (length > 0) delayed ??= note;
      }
      if (does("abort") && fault.shadow) trial.push(`${fault.name};abort;shadow`);
      else if (does("abort")) aborted ??= fault;
      if (does("response") && fault.shadow) trial.push(`${fault.name};response;shadow`);
      else if (does("response")) changed ??= fault;
    }
    const last = aborted ? `${aborted.name};abort` : changed ? `${changed.name};response` : undefined;
    const all = [...trial, delayed, last].filter((note) => note !== undefined);
    return { status: aborted?.abort?.status ?? changed?.response?.status ?? 200, faults: all.length > 0 ? all.join(", ") : undefined };
  };
}
