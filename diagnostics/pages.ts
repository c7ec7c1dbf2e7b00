import type { CodeEntry } from "./code-entry.ts";
import { exitCodes } from "./diagnostic.ts";
import { type DiagnosticCode, registry } from "./registry.ts";

const KINDS: Record<CodeEntry["kind"], string> = {
  usage: "how a command or a function was called",
  data: "a file or a configuration of yours",
  findings: "a file or a configuration of yours",
  environment: "the machine: a tool that is missing, or Envoy that does not run",
  internal: "a fault of meshscript, please report it",
  test: "a test that failed",
};

const AREAS: Record<string, string> = {
  MS01: "Configuration",
  MS02: "Building and verifying modules",
  MS03: "Finding and installing Envoy and func-e",
  MS04: "Running Envoy",
  MS05: "The command line",
  MS06: "Identities and durations",
  MS07: "The in-process host",
  MS08: "Files of cases",
  MS09: "Checking files",
  MS10: "Meshes",
  MS11: "Running a mesh",
};

/** `docs/errors/<code>.md`, whole. */
export function errorPage(code: DiagnosticCode): string {
  const entry: CodeEntry = registry[code];
  const lines = [
    `# ${code}: ${entry.title}`,
    "",
    "<!-- Generated from diagnostics/codes/ by `npm run generate`. -->",
    "",
    ...(entry.retired ? ["**Retired**: meshscript does not print this any more; the number stays taken.", ""] : []),
    "| Level | It is about | Exit code |",
    "|---|---|---|",
    `| ${entry.level} | ${KINDS[entry.kind]} | ${entry.level === "warning" ? "none of its own" : exitCodes[entry.kind]} |`,
    "",
    ...(entry.details === undefined ? [] : ["## What it means", "", entry.details.trim(), ""]),
    "## What to do",
    "",
    sentence(entry.help),
    "",
    ...(entry.example === undefined ? [] : ["## Example", "", "```", entry.example.trim(), "```", ""]),
    "[All codes](README.md)",
    "",
  ];
  return lines.join("\n");
}

/** `docs/errors/README.md`, whole: every code by area. */
export function errorIndex(): string {
  const codes = (Object.keys(registry) as DiagnosticCode[]).sort();
  const areas = Object.entries(AREAS).flatMap(([prefix, title]) => {
    const rows = codes.filter((code) => code.startsWith(prefix)).map(row);
    return rows.length === 0 ? [] : [`## ${title}`, "", "| Code | What is wrong | Level | Exit code |", "|---|---|---|---|", ...rows, ""];
  });
  return [
    "# Error codes",
    "",
    "<!-- Generated from diagnostics/codes/ by `npm run generate`. -->",
    "",
    "Every finding that meshscript prints has a code that keeps its meaning for ever. Exit codes of the command line: [docs/cli.md](../cli.md#exit-codes).",
    "",
    ...areas,
  ].join("\n");
}

function row(code: DiagnosticCode): string {
  const entry: CodeEntry = registry[code];
  const title = `${entry.title.replaceAll("|", "\\|")}${entry.retired ? " (retired)" : ""}`;
  return `| [${code}](${code}.md) | ${title} | ${entry.level} | ${entry.level === "warning" ? "" : exitCodes[entry.kind]} |`;
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
