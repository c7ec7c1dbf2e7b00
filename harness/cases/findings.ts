import type { z } from "zod";
import { type Diagnostic, type DiagnosticCode, diagnostic } from "../../diagnostics/index.ts";
import type { Path, YamlSource } from "./source.ts";

/** `cases[0].requests[1].expect.headers["retry-after"]` */
export function fieldName(path: Path): string {
  return path
    .map((step, i) => {
      if (typeof step === "number") return `[${step}]`;
      return /^[A-Za-z_]\w*$/.test(step) ? `${i === 0 ? "" : "."}${step}` : `[${JSON.stringify(step)}]`;
    })
    .join("");
}

/** A mistake in a cases file, or in another of ours, at its place. */
export function mistake(
  source: YamlSource,
  path: Path,
  what: string,
  part: "value" | "key" = "value",
  code: DiagnosticCode = "MS0802",
): Diagnostic {
  const name = fieldName(path);
  return diagnostic(code, name === "" ? what : `${name} ${what}`, { location: source.locate(path, part) });
}

/** What zod found, in our words. */
export function schemaMistakes(
  source: YamlSource,
  issues: readonly z.core.$ZodIssue[],
  base: Path = [],
  code: DiagnosticCode = "MS0802",
): Diagnostic[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...issue.path.map((step) => (typeof step === "number" ? step : String(step)))];
    const got = valueAt(source.value, path);
    if (issue.code === "unrecognized_keys") {
      const where = fieldName(path);
      return issue.keys.map((key) =>
        diagnostic(code, `${where === "" ? "" : `${where}: `}unknown field ${JSON.stringify(key)}; ${issue.message}`, {
          location: source.locate([...path, key], "key"),
        }),
      );
    }
    if (issue.code === "invalid_union") {
      const inside = meant(issue, got);
      if (inside) return schemaMistakes(source, inside, path, code);
    }
    if (got === undefined && path.length > 0) return [mistake(source, path, "is missing", "key", code)];
    return [mistake(source, path, `${phrase(issue)}, got ${shown(got)}`, "value", code)];
  });
}

/** The alternative of a union that the author had in mind: the one whose kind the value is of, when something deeper is wrong with it. */
function meant(issue: z.core.$ZodIssueInvalidUnion, got: unknown): z.core.$ZodIssue[] | undefined {
  if (typeof got !== "object" || got === null) return undefined;
  const ofKind = issue.errors.filter((errors) => errors.every(({ code, path }) => path.length > 0 || code !== "invalid_type"));
  // With several of a kind nobody knows; the union's own sentence lists all.
  return ofKind.length === 1 ? ofKind[0] : undefined;
}

const kinds: Record<string, string> = {
  string: "text; in quotes where YAML would read something else",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
};

function phrase(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith("must be ")) return issue.message;
  switch (issue.code) {
    case "invalid_type":
      return `must be ${kinds[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "too_small":
      return issue.origin === "number" || issue.origin === "int" ? `must be ${issue.minimum} or more` : "must not be empty";
    case "too_big":
      return `must be ${issue.maximum} or less`;
    default:
      return `is wrong: ${issue.message}`;
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** For `safeParse`: of an unknown field, the message lists those that there are. */
export function knownFields(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== "unrecognized_keys") return undefined;
  const { shape } = issue.inst as unknown as { shape?: Record<string, unknown> };
  return shape && `there are: ${Object.keys(shape).join(", ")}`;
}

export function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) => (typeof value === "object" && value !== null ? (value as Record<string | number, unknown>)[step] : undefined),
    root,
  );
}
