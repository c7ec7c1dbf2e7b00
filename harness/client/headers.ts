import type { BodyInput, HeaderPairs, HeadersInput } from "../upstreams/types.ts";

/** Headers as pairs, in the order they were written. */
export function toPairs(headers: HeadersInput | undefined): HeaderPairs {
  if (headers === undefined) return [];
  if (isPairs(headers)) return headers.map(([name, value]) => [name, value]);
  return Object.entries(headers).flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value] as [string, string]] : value.map((one) => [name, one] as [string, string]),
  );
}

function isPairs(headers: HeadersInput): headers is ReadonlyArray<readonly [string, string]> {
  return Array.isArray(headers);
}

/** Node's flat `rawHeaders` as pairs. */
export function fromRaw(raw: readonly string[]): HeaderPairs {
  const pairs: HeaderPairs = [];
  for (let i = 0; i + 1 < raw.length; i += 2) pairs.push([raw[i] ?? "", raw[i + 1] ?? ""]);
  return pairs;
}

/** All values of a name, in order; names are compared without case. */
export function valuesOf(pairs: HeaderPairs, name: string): string[] {
  const wanted = name.toLowerCase();
  return pairs.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value);
}

/** Whether there is a pair of this name, which is given in lower case. */
export function hasName(pairs: HeaderPairs, name: string): boolean {
  for (const [key] of pairs) if (key === name || (key.length === name.length && key.toLowerCase() === name)) return true;
  return false;
}

/** The pieces of a body, as bytes. */
export async function* chunksOf(body: BodyInput | undefined): AsyncGenerator<Buffer> {
  if (body === undefined) return;
  if (typeof body === "string" || body instanceof Uint8Array) yield bytes(body);
  else for await (const piece of body) yield bytes(piece);
}

/** A body whose length is known before it is sent; undefined for one that is produced piece by piece. */
export function wholeBody(body: BodyInput | undefined): Buffer | undefined {
  if (body === undefined) return Buffer.alloc(0);
  return typeof body === "string" || body instanceof Uint8Array ? bytes(body) : undefined;
}

function bytes(piece: string | Uint8Array): Buffer {
  return typeof piece === "string" ? Buffer.from(piece) : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
}
