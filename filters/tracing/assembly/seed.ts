import { randomBytes } from "proxy-wasm-assemblyscript-sdk";
import { Random } from "./core/random";

/** A generator of its own for each VM, so that no two workers make the same ids. */
export function seeded(): Random {
  const seed = new StaticArray<u64>(4);
  randomBytes(changetype<usize>(seed), 32);
  return new Random(seed[0], seed[1], seed[2], seed[3]);
}
