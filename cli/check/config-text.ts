import { type Scalar, isScalar } from "yaml";
import { type Diagnostic, type SourceLocation, diagnostic } from "../../diagnostics/index.ts";
import { type Path, type YamlSource, readYaml } from "../../harness/cases/source.ts";
import { jsonMistake } from "./strict-json.ts";

/** A filter's configuration, JSON, with the place of everything in it: a file of its own, or a string inside of Envoy's configuration. */
export class ConfigText {
  /** For places inside of the JSON; undefined while it is none. */
  private readonly inner: YamlSource | undefined;
  /** What is no JSON in it. */
  readonly mistake: Diagnostic | undefined;

  private constructor(
    readonly json: string,
    private readonly span: (start: number, end: number) => SourceLocation,
  ) {
    const found = jsonMistake(json);
    this.mistake = found && diagnostic("MS0101", `no JSON: ${found.message}`, { location: span(found.start, found.end) });
    this.inner = found ? undefined : readYaml(json, "");
  }

  static ofFile(source: YamlSource): ConfigText {
    return new ConfigText(source.text, source.span);
  }

  /** The text of a scalar; undefined when there is none. */
  static inside(source: YamlSource, path: Path): ConfigText | undefined {
    const node = source.nodeAt(path);
    if (!isScalar(node) || typeof node.value !== "string" || !node.range) return undefined;
    const [from, to] = node.range;
    const offsets = alignment(source.text, node as Scalar<string>, from);
    // Where escapes are in an unknown form the whole text is marked, which is not wrong.
    if (!offsets) return new ConfigText(node.value, () => source.span(from, to));
    return new ConfigText(node.value, (start, end) => {
      const last = offsets[Math.max(start, end - 1)] ?? to - 1;
      return source.span(offsets[start] ?? last, last + 1);
    });
  }

  get value(): unknown {
    return this.inner?.value;
  }

  /** As `YamlSource.locate`. */
  locate(path: Path, part: "value" | "key" = "value"): SourceLocation {
    if (!this.inner) return this.span(0, 1);
    const { line = 1, column = 1, length = 1 } = this.inner.locate(path, part);
    const start = offsetOf(this.json, line, column - 1);
    return this.span(start, start + length);
  }

  /** The path to what stands at a place, as modules count it: lines from 1, columns in characters. */
  pathAt(line: number, column: number): Path {
    return this.inner?.pathAt(this.offset(line, column)) ?? [];
  }

  /** The same place in the file. */
  at(line: number, column: number): SourceLocation {
    const start = this.offset(line, column);
    return this.span(start, start + 1);
  }

  private offset(line: number, column: number): number {
    const before = [...(this.json.split("\n")[line - 1] ?? "")].slice(0, column - 1).join("");
    return offsetOf(this.json, line, before.length);
  }
}

function offsetOf(text: string, line: number, units: number): number {
  let start = 0;
  for (let i = 1; i < line; i++) start = text.indexOf("\n", start) + 1;
  return start + units;
}

/**
 * For each character of a scalar's value its offset in the file. White space may have been folded, indented or stripped, in each style of YAML
 * by other rules; everything else stands in the file in the same order, so it is found by going over both at once.
 */
function alignment(text: string, { type, value }: Scalar<string>, from: number): number[] | undefined {
  const double = type === "QUOTE_DOUBLE";
  // The header of a block, `|2- # comment`, is a line of its own.
  let at = type?.startsWith("BLOCK") ? text.indexOf("\n", from) + 1 : from + (type === "PLAIN" ? 0 : 1);
  const offsets: number[] = [];
  const escaped = () => (double && text[at] === "\\" ? escapeAt(text, at) : undefined);
  while (offsets.length < value.length) {
    const wanted = value[offsets.length] ?? "";
    if (isSpace(wanted)) {
      offsets.push(at);
      continue;
    }
    for (let here = escaped(); isSpace(text[at] ?? "x") || here?.value.trim() === ""; here = escaped()) at += here?.length ?? 1;
    const here = escaped() ?? { value: text[at] ?? "", length: type === "QUOTE_SINGLE" && text.startsWith("''", at) ? 2 : 1 };
    if (!value.startsWith(here.value, offsets.length)) return undefined;
    for (const _ of here.value.split("")) offsets.push(at);
    at += here.length;
  }
  return offsets;
}

function isSpace(character: string): boolean {
  return character.trim() === "";
}

const letters: Record<string, string> = { "0": "\0", a: "\x07", b: "\b", e: "\x1b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** YAML 1.2, 5.7: an escape of a text in double quotes. */
function escapeAt(text: string, at: number): { value: string; length: number } {
  const coded = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8}))/y;
  coded.lastIndex = at;
  const found = coded.exec(text);
  const code = found?.[1] ?? found?.[2] ?? found?.[3];
  if (found && code !== undefined) return { value: String.fromCodePoint(Number.parseInt(code, 16)), length: found[0].length };
  const letter = text[at + 1] ?? "";
  // `\` at the end of a line joins it with the next.
  return { value: letters[letter] ?? ("N_LP\r\n".includes(letter) ? " " : letter), length: 2 };
}
