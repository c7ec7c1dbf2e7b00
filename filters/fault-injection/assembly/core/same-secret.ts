import { Bytes } from "proxy-wasm-assemblyscript-sdk";

/** Whether two secrets are the same, in a time that tells nothing but the length. */
export function sameSecret(given: Bytes, secret: Bytes): bool {
  if (given.length != secret.length) return false;
  let difference = 0;
  for (let i = 0; i < secret.length; i++) difference |= given.at(i) ^ secret.at(i);
  return difference == 0;
}
