import type { SourceLocation } from "./diagnostic.ts";

/** The place of a part of a text: offsets count from 0, as parsers tell them; `end` is the first character behind it, or on a later line. */
export function spanIn(text: string, file: string, start: number, end = start + 1): SourceLocation {
  const before = text.slice(0, start).split("\n");
  const column = (before.at(-1) ?? "").length + 1;
  const line = (text.split("\n")[before.length - 1] ?? "").replace(/^\uFEFF|\r$/g, "");
  return { file, line: before.length, column, length: Math.max(1, Math.min(end - start, line.length - column + 1)), text: line };
}
