import { isAbsolute, relative, resolve } from "node:path";
import { type Diagnostic, exitCodes, render } from "../../diagnostics/index.ts";
import { counted } from "./envoy-file.ts";
import type { Report } from "./question.ts";

/** A line of this length is a whole configuration: then its place has to do, without the line. */
const LONGEST = 160;

/** Findings in the order of the text, those of other files (modules, schemas) behind them. */
export function tidied(report: Report): Report {
  const rank = ({ location }: Diagnostic) => (location?.file === report.file ? 0 : 1);
  const line = ({ location }: Diagnostic) => location?.line ?? 0;
  const column = ({ location }: Diagnostic) => location?.column ?? 0;
  const findings = unique(report.findings)
    .map(withoutLongLine)
    .sort((a, b) => rank(a) - rank(b) || line(a) - line(b) || column(a) - column(b));
  return { ...report, findings };
}

/** What an alias repeats is said once: it has one place. */
function unique(findings: readonly Diagnostic[]): Diagnostic[] {
  const key = ({ code, message, location }: Diagnostic) => JSON.stringify([code, message, location]);
  return [...new Map(findings.map((finding) => [key(finding), finding])).values()];
}

function withoutLongLine(finding: Diagnostic): Diagnostic {
  const { text, ...location } = finding.location ?? { file: "" };
  return finding.location && text !== undefined && text.length > LONGEST ? { ...finding, location } : finding;
}

export function isOk({ findings }: Report): boolean {
  return findings.every(({ level }) => level !== "error");
}

/** The exit code: a file that could not be read outweighs findings, and these outweigh a machine without Envoy. */
export function exitCodeOf(reports: readonly Report[], troubles: readonly Diagnostic[]): number {
  if (reports.some(({ unreadable }) => unreadable)) return exitCodes.data;
  if (!reports.every(isOk)) return exitCodes.findings;
  return troubles.length > 0 ? exitCodes.environment : exitCodes.ok;
}

/** `√ config.json: ok, configuration of tracing (schema, Envoy 1.40.0)` */
export function okLine({ file, what, by }: Report): string {
  return `√ ${file}: ok, ${what}${by.length === 0 ? "" : ` (${by.join(", ")})`}`;
}

/** `2 of 3 files are ok; 4 errors` */
export function totals(reports: readonly Report[]): string {
  const all = reports.flatMap(({ findings }) => findings);
  const errors = all.filter(({ level }) => level === "error").length;
  const parts = [errors > 0 ? counted(errors, "error") : "", all.length > errors ? counted(all.length - errors, "warning") : ""].filter(
    Boolean,
  );
  return `${reports.filter(isOk).length} of ${counted(reports.length, "file")} ok${parts.length > 0 ? `; ${parts.join(", ")}` : ""}`;
}

export function asText(findings: readonly Diagnostic[], color: boolean): string {
  return render(findings, { color }).trimEnd();
}

/** The one object of `-o json`. Without the lines of the files: who reads this has the files. */
export function asJson(reports: readonly Report[], troubles: readonly Diagnostic[]): Record<string, unknown> {
  const exitCode = exitCodeOf(reports, troubles);
  const files = reports.map((report) => {
    const { file, kind, what, by, findings } = report;
    return { file, kind, ok: isOk(report), ...(what === "" ? {} : { what }), by, findings: findings.map((one) => flat(one, file)) };
  });
  return { success: exitCode === exitCodes.ok, exitCode, files, diagnostics: troubles };
}

function flat({ code, level, message, location, notes, help }: Diagnostic, file: string): Record<string, unknown> {
  const { line, column, length } = location ?? {};
  return {
    code,
    severity: level,
    message,
    file: location?.file ?? file,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
    ...(column === undefined || length === undefined ? {} : { endColumn: column + length }),
    ...(notes.length === 0 ? {} : { notes }),
    help,
    page: pageOf(code),
  };
}

function pageOf(code: string): string {
  return `docs/errors/${code}.md`;
}

/**
 * Workflow commands of GitHub Actions, which become annotations of the lines of a pull request.
 * @param folder the root of the repository, from which GitHub counts paths; undefined when that is not known
 */
export function asGithub(findings: readonly Diagnostic[], cwd: string, folder: string | undefined): string {
  return findings.map((finding) => command(finding, cwd, folder)).join("\n");
}

function command({ code, level, message, location, notes, help }: Diagnostic, cwd: string, folder: string | undefined): string {
  const { line, column, length } = location ?? {};
  const properties: [string, string | number | undefined][] = [
    ["file", location && fromRoot(location.file, cwd, folder)],
    ["line", line],
    ["col", column],
    ["endColumn", column === undefined || length === undefined ? undefined : column + length],
    ["title", code],
  ];
  const set = properties.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${escapeProperty(String(value))}`]));
  return `::${level} ${set.join(",")}::${escapeData([message, ...notes, `help: ${help}`, pageOf(code)].join("\n"))}`;
}

function fromRoot(file: string, cwd: string, folder: string | undefined): string {
  if (!folder) return file;
  const below = relative(folder, resolve(cwd, file));
  return below.startsWith("..") || isAbsolute(below) ? file : below;
}

/** https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts */
function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
