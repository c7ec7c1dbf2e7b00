import type { SourceLocation } from "./diagnostic.ts";

/** Configuration, as opposed to sources: a file, or the text of a flag. */
const CONFIGURATION = /\.(?:json|ya?ml)$|^--filter /i;
const SECRET = /secret|password|passwd|token|credential|privatekey|apikey|authorization/;
/** A name in quotes, also escaped ones, or without; then a colon, or the quote of a value in front of which the colon was forgotten. */
const NAME = /\\?"([^"\\]*)\\?"[ \t]*(?::[ \t]*|(?=\\?["']))|'([^']*)'[ \t]*:[ \t]*|(?<![\w.-])(\w[\w.-]*)[ \t]*:[ \t]*/g;
/** Numbers, booleans and null: no secret is one, and limits are called `tokens`. Also the header of a text that begins on the next line. */
const NO_TEXT = /(?:-?\d+(?:\.\d+)?|true|false|null|~|[|>][-+\d]*)[ \t]*(?:$|[,}\]]|[ \t]#)/y;

/** The line of an excerpt, without what nobody should read over a shoulder or in the log of a build. */
export function withoutSecrets(location: SourceLocation): SourceLocation {
  const { file, text } = location;
  return text === undefined || !CONFIGURATION.test(file) ? location : { ...location, text: masked(text) };
}

/**
 * A line of JSON or YAML with `*` for each character of the texts that stand under names such as `apiKey` or `client-secret`.
 * @example
 * masked('{ "user": "ann", "password": "hunter2" }') // '{ "user": "ann", "password": "*******" }'
 */
export function masked(line: string): string {
  const characters = line.split("");
  const hide = (from: number, to: number) => characters.fill("*", from, to);
  for (const found of line.matchAll(NAME)) {
    const name = (found[1] ?? found[2] ?? found[3] ?? "").toLowerCase().replace(/[-_]/g, "");
    if (SECRET.test(name)) hideValue(line, found.index + found[0].length, hide);
  }
  return characters.join("");
}

/** @returns where the value ends */
function hideValue(line: string, at: number, hide: (from: number, to: number) => void): number {
  if (line[at] === "{") return at;
  if (line[at] === "[") return hideList(line, at + 1, hide);
  const quoted = textAt(/\\"((?:(?!\\").)*)|"((?:[^"\\]|\\.)*)|'((?:[^']|'')*)/y, line, at);
  if (quoted) {
    const inside = quoted[1] ?? quoted[2] ?? quoted[3] ?? "";
    const end = at + quoted[0].length;
    hide(end - inside.length, end);
    return end + (quoted[1] === undefined ? 1 : 2);
  }
  if (textAt(NO_TEXT, line, at)) return at;
  // Inside of brackets a comma ends it. Where the bracket is on an earlier line too much is hidden, which is not wrong.
  const plain = textAt(isInBrackets(line.slice(0, at)) ? /[^,}\]]*/y : /(?:(?![ \t]#).)*/y, line, at)?.[0].trimEnd() ?? "";
  hide(at, at + plain.length);
  return at + plain.length;
}

function hideList(line: string, from: number, hide: (from: number, to: number) => void): number {
  let at = from;
  while (at < line.length && line[at] !== "]") at = /[\s,]/.test(line[at] ?? "") ? at + 1 : Math.max(at + 1, hideValue(line, at, hide));
  return at;
}

function isInBrackets(text: string): boolean {
  return text.replace(/[^{[]/g, "").length > text.replace(/[^}\]]/g, "").length;
}

function textAt(pattern: RegExp, line: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(line);
}
