import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Compiler } from "./compiler";
import { Parser } from "./parser";
import { MAX_INSTRUCTIONS, Program } from "./program";
import { simulation } from "./simulation";
import { Table } from "./table";

/**
 * A regular expression with the syntax and the answers of Envoy's RE2, which takes bytes for characters; docs/policy.md says what is left out.
 * A match takes time in proportion to the text, whatever the text.
 */
export class Regex {
  /** What is wrong with the pattern that was compiled last, and at which byte. */
  static error: string = "";

  private constructor(
    private program: Program,
    /** The program written out; null where that is too large. */
    private table: Table | null,
  ) {}

  /**
   * Compiles a pattern in RE2's syntax; null, with an `error`, when it is none or too large. Allocates: for `configure`.
   *
   * @param partial a match may be anywhere in the text; else it is the whole text, as in Envoy's `safe_regex`
   * @example
   * const version = Regex.compile(Bytes.of("/api/v[0-9]+"));
   * if (version === null) config.problem("path", Regex.error);
   */
  static compile(pattern: Bytes, partial: bool = false): Regex | null {
    const parser = new Parser(pattern);
    const tree = parser.parse();
    Regex.error = parser.error;
    if (tree === null) return null;
    const compiler = new Compiler();
    compiler.compile(tree, partial);
    if (compiler.full) {
      Regex.error = "more than " + MAX_INSTRUCTIONS.toString() + " instructions with all repetitions written out";
      return null;
    }
    simulation.reserve(compiler.program);
    return new Regex(compiler.program, Table.of(compiler.program));
  }

  /** Whether the text matches, as a whole if not compiled as `partial`. Allocates nothing. */
  matches(text: Bytes): bool {
    text._fresh();
    const table = this.table;
    return table !== null ? table.matches(text.ptr, text.length) : simulation.matches(this.program, text.ptr, text.length);
  }
}
