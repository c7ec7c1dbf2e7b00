import { mkdirSync, writeFileSync } from "node:fs";
import { pick, seeded } from "../support/seeded.ts";

/** Seconds for each target, of `npm run fuzz`; without it each gets as many inputs as take about a second. */
const seconds = Number(process.env["MESHSCRIPT_FUZZ_SECONDS"] ?? 0);
/** One input that takes longer than this hangs, whatever the machine. */
const HANGS = 5_000;
const FOLDER = ".cache/fuzz";

export interface Target<Input> {
  name: string;
  /** Inputs in `npm test`. */
  runs: number;
  generate(random: () => number): Input;
  /** Throws for what must not be: a trap, an answer that cannot be. */
  check(input: Input): Promise<void> | void;
  show(input: Input): string | Buffer;
}

/**
 * Feeds a target: a fixed seed in `npm test`, another each time in `npm run fuzz`. An input that fails is kept in `.cache/fuzz`.
 * @returns how many inputs it were
 */
export async function fuzz<Input>({ name, runs, generate, check, show }: Target<Input>): Promise<number> {
  const seed = seconds > 0 ? Date.now() : 20_261_123;
  const random = seeded(seed);
  const end = performance.now() + seconds * 1_000;
  let count = 0;
  for (; seconds > 0 ? performance.now() < end : count < runs; count++) {
    const input = generate(random);
    const start = performance.now();
    try {
      await check(input);
      const took = performance.now() - start;
      if (took > HANGS) throw new Error(`took ${Math.round(took)} ms`);
    } catch (error) {
      mkdirSync(FOLDER, { recursive: true });
      const file = `${FOLDER}/${name}-${seed}-${count}`;
      writeFileSync(file, show(input));
      throw new Error(`${name}: input ${count} of seed ${seed}, kept in ${file}: ${String(error)}`, { cause: error });
    }
  }
  if (seconds > 0) console.log(`${name}: ${count} inputs`);
  return count;
}

/** A whole number from 0 to `below` - 1. */
export function below(random: () => number, limit: number): number {
  return Math.floor(random() * limit);
}

/** Text of some pieces. */
export function textOf(random: () => number, pieces: readonly string[], most: number): string {
  return Array.from({ length: below(random, most + 1) }, () => pick(random, pieces)).join("");
}

/** Bytes with some of them changed, taken out or doubled. */
export function mutate(random: () => number, bytes: Buffer): Buffer {
  let out = Buffer.from(bytes);
  for (let times = 1 + below(random, 4); times > 0; times--) {
    const at = below(random, out.length + 1);
    const length = below(random, 12);
    const kind = below(random, 4);
    if (kind === 0 && at < out.length) out[at] = below(random, 256);
    else if (kind === 1) out = Buffer.concat([out.subarray(0, at), out.subarray(at + length)]);
    else if (kind === 2) out = Buffer.concat([out.subarray(0, at), out.subarray(at, at + length), out.subarray(at)]);
    else out = Buffer.concat([out.subarray(0, at), Buffer.from(pick(random, TOKENS)), out.subarray(at)]);
  }
  return out;
}

const TOKENS = [
  '"',
  "\\",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "null",
  "1e999",
  "-0",
  '"\\ud800"',
  "\u0000",
  "{*}",
  "{**}",
  '"*"',
  "\ufeff",
  "\xff",
];
