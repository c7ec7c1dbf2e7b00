import { styleText } from "node:util";

/** One line of `meshscript doctor`; field names and results as in `linkerd check -o json`. */
export interface Check {
  description: string;
  result: "success" | "warning" | "error" | "skipped";
  /** Why it is not a success. */
  error?: string;
  /** What to do. */
  hint?: string;
}

export interface Category {
  categoryName: string;
  checks: Check[];
}

export function success(description: string): Check {
  return { description, result: "success" };
}

/** Something that works without, or not for everybody. */
export function warning(description: string, error: string, hint: string): Check {
  return { description, result: "warning", error, hint };
}

export function failure(description: string, error: string, hint: string): Check {
  return { description, result: "error", error, hint };
}

/** Not looked at, because something that it needs has failed. */
export function skipped(description: string, why: string): Check {
  return { description, result: "skipped", error: why };
}

const MARKS = { success: "√", warning: "‼", error: "×", skipped: "-" } as const;
const COLORS = { success: "green", warning: "yellow", error: "red", skipped: "dim" } as const;

/** A category as linkerd prints it: title, rule, one line per check, hints below. */
export function renderCategory({ categoryName, checks }: Category, color: boolean): string {
  const mark = (result: Check["result"]) => (color ? styleText(COLORS[result], MARKS[result], { validateStream: false }) : MARKS[result]);
  const lines = checks.flatMap(({ description, result, error, hint }) => [
    `${mark(result)} ${description}`,
    ...(error === undefined ? [] : error.split("\n").map((line) => `    ${line}`)),
    ...(hint === undefined ? [] : [`    hint: ${hint}`]),
  ]);
  return [categoryName, "-".repeat(categoryName.length), ...lines, ""].join("\n");
}
