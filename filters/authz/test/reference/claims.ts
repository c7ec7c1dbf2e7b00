// What policies say about JSON: the claims of a verified JWT, and dynamic metadata.
import { type Predicate, isAnything, stringPattern, utf8 } from "./text.ts";
import type { Json, JsonObject } from "./types.ts";

/** What lies at the end of a path of keys. */
export function at(value: Json | undefined, keys: readonly string[]): Json | undefined {
  const [key, ...rest] = keys;
  if (key === undefined) return value;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return at(Object.hasOwn(value, key) ? value[key] : undefined, rest);
}

/** Text that matches. A number or a boolean is no text. */
export function isText(value: Json | undefined, matches: Predicate): boolean {
  return typeof value === "string" && matches(utf8(value));
}

/** A list with text that matches. */
export function isListWith(value: Json | undefined, matches: Predicate): boolean {
  return Array.isArray(value) && value.some((entry) => isText(entry, matches));
}

/** A claim is text or a list of texts. */
export function claimMatches(payload: JsonObject | undefined, keys: readonly string[], value: string): boolean {
  const claim = at(payload, keys);
  return isText(claim, stringPattern(value)) || isListWith(claim, stringPattern(value));
}

/** The names in `[a][b]`. */
export function namesInBrackets(text: string): string[] {
  return text.slice(1, -1).split("][");
}

/** `[v]` asks for a list with v, anything else for text. */
export function metadataMatches(value: Json | undefined, wanted: string): boolean {
  const list = wanted.startsWith("[") && wanted.endsWith("]");
  return list ? isListWith(value, stringPattern(wanted.replace(/^[[\]]+|[[\]]+$/g, ""))) : isText(value, stringPattern(wanted));
}

/**
 * Issuer and subject around the last slash; an issuer may be a URL. A leading star is seen first: in `*x/s` it is the issuer's, and the
 * subject is exact, also when that is a star.
 */
export function requestPrincipalMatches(payload: JsonObject | undefined, value: string): boolean {
  const { issuer, subject } = requestPrincipal(value);
  return isText(payload?.["iss"], issuer) && isText(payload?.["sub"], subject);
}

function requestPrincipal(value: string): { issuer: Predicate; subject: Predicate } {
  if (value === "*") return { issuer: isAnything, subject: isAnything };
  const slash = value.lastIndexOf("/");
  const before = value.slice(0, Math.max(slash, 0));
  const after = value.slice(slash + 1);
  if (value.startsWith("*")) {
    if (slash < 0) return { issuer: isAnything, subject: stringPattern(value) };
    return { issuer: before === "*" ? isAnything : suffix(before.slice(1)), subject: exact(after) };
  }
  if (value.endsWith("*")) {
    if (slash < 0) return { issuer: stringPattern(value), subject: isAnything };
    return { issuer: exact(before), subject: after === "*" ? isAnything : prefix(after.slice(0, -1)) };
  }
  return slash < 0 ? { issuer: exact(value), subject: exact("") } : { issuer: exact(before), subject: exact(after) };
}

const exact =
  (text: string): Predicate =>
  (given) =>
    given === utf8(text);
const prefix =
  (text: string): Predicate =>
  (given) =>
    given.startsWith(utf8(text));
const suffix =
  (text: string): Predicate =>
  (given) =>
    given.endsWith(utf8(text));
