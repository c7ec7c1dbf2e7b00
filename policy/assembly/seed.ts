import { randomBytes } from "proxy-wasm-assemblyscript-sdk";
import { Random } from "./random";

/** A generator of its own for each VM, so that no two workers draw the same numbers; null when the host gives no random numbers. */
export function seeded(): Random | null {
  const seed = new StaticArray<u64>(4);
  if (!randomBytes(changetype<usize>(seed), 32)) return null;
  return new Random(seed[0], seed[1], seed[2], seed[3]);
}
