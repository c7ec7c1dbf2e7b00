import { ArenaBuffer, Bytes, decodeBase64 } from "proxy-wasm-assemblyscript-sdk";

const ALPHABET: Bytes = Bytes.of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

/** Base64 with padding (RFC 4648, 4), which Istio writes. Borrowed. */
export function encodeBase64(bytes: Bytes): Bytes {
  const text = new ArenaBuffer();
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const three = (bytes.at(i) << 16) | (max(bytes.at(i + 1), 0) << 8) | max(bytes.at(i + 2), 0);
    text.pushByte(character(three >> 18));
    text.pushByte(character(three >> 12));
    text.pushByte(left > 1 ? character(three >> 6) : 0x3d);
    text.pushByte(left > 2 ? character(three) : 0x3d);
  }
  return text.bytes();
}

/** Reads base64 with padding or without, both of which Istio takes; null for anything else. Borrowed. */
export function decodeAnyBase64(text: Bytes): Bytes | null {
  const missing = -text.length & 3;
  if (missing == 0) return decodeBase64(text);
  const padded = new ArenaBuffer();
  padded.pushBytes(text);
  for (let i = 0; i < missing; i++) padded.pushByte(0x3d);
  return padded.ok ? decodeBase64(padded.bytes()) : null;
}

function character(bits: i32): u8 {
  return <u8>ALPHABET.at(bits & 63);
}
