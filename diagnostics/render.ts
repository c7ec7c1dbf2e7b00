import { styleText } from "node:util";
import { wantsColor } from "./color.ts";
import { type Diagnostic, place } from "./diagnostic.ts";

const LIMIT = 20;
/** Where the path of the code's page begins, when the help in front of it is short enough. */
const PAGE_COLUMN = 64;

export interface RenderOptions {
  /** [what NO_COLOR, FORCE_COLOR and the terminal at stderr say] */
  color?: boolean;
}

/**
 * Findings as text for a person, esbuild's shape: place, level, code, message, the line with a caret, help and the code's page.
 * Sorted by place, capped at 20, closed by a count when there is more than one. A help that several have stands below the last of them.
 */
export function render(diagnostics: readonly Diagnostic[], options: RenderOptions = {}): string {
  const color = options.color ?? wantsColor(process.stderr);
  const sorted = [...diagnostics].sort(byPlace);
  const shown = sorted.slice(0, LIMIT);
  const last = (d: Diagnostic) => shown.findLast(({ code, help }) => code === d.code && help === d.help) === d;
  const blocks = shown.map((d) => renderOne(d, color, last(d)));
  if (sorted.length > LIMIT) blocks.push(`... and ${sorted.length - LIMIT} more`);
  if (sorted.length > 1) blocks.push(summary(sorted));
  return `${blocks.join("\n\n")}\n`;
}

/** Findings as one JSON object with a version, for `--json`. */
export function renderJson(diagnostics: readonly Diagnostic[]): string {
  return JSON.stringify({ apiVersion: "meshscript/v1", diagnostics }, null, 2);
}

function renderOne(d: Diagnostic, color: boolean, withHelp: boolean): string {
  type Format = Parameters<typeof styleText>[0];
  const paint = (format: Format, text: string) => (color ? styleText(format, text, { validateStream: false }) : text);
  const at = d.location;
  const level = paint(d.level === "error" ? ["red", "bold"] : ["yellow", "bold"], d.level);
  const lines = [`${place(at)}${level} ${d.code}: ${d.message}`];
  if (at?.text !== undefined && at.line !== undefined) {
    const gutter = String(at.line).padStart(5);
    lines.push(`${gutter} | ${at.text}`);
    if (at.column !== undefined) {
      const caret = "^".repeat(Math.max(1, at.length ?? 1));
      // A tab stays a tab, so that the caret stands under its character at any tab width.
      const indent = at.text.slice(0, at.column - 1).replace(/[^\t]/g, " ");
      lines.push(`${" ".repeat(gutter.length)} | ${indent.padEnd(at.column - 1)}${paint("red", caret)}`);
    }
  }
  lines.push(...d.notes.map((note) => `  ${note}`));
  if (withHelp) lines.push(helpLine(d, paint));
  return lines.join("\n");
}

/** `help: ...      docs/errors/MS0106.md`; the page goes to a line of its own after a long help. */
function helpLine(d: Diagnostic, paint: (format: "cyan" | "dim", text: string) => string): string {
  const page = paint("dim", `docs/errors/${d.code}.md`);
  const length = "help: ".length + d.help.length;
  const gap = length < PAGE_COLUMN ? " ".repeat(PAGE_COLUMN - length) : "\n      ";
  return `${paint("cyan", "help")}: ${d.help}${gap}${page}`;
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  const [x, y] = [a.location, b.location];
  return (x?.file ?? "").localeCompare(y?.file ?? "") || (x?.line ?? 0) - (y?.line ?? 0) || (x?.column ?? 0) - (y?.column ?? 0);
}

function summary(all: readonly Diagnostic[]): string {
  const errors = all.filter((d) => d.level === "error").length;
  const warnings = all.length - errors;
  const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? "" : "s"}`;
  return [errors ? count(errors, "error") : "", warnings ? count(warnings, "warning") : ""].filter(Boolean).join(", ");
}
