import { readFileSync } from "node:fs";
import { extname, resolve } from "node:path";
import { type Diagnostic, MeshscriptError, diagnostic, reasonOfErrno, spanIn } from "../../diagnostics/index.ts";
import { parseCases } from "../../harness/cases/load.ts";
import { type YamlSource, readYaml } from "../../harness/cases/source.ts";
import { isObject } from "../../harness/envoy/builders.ts";
import { shown } from "../../harness/schema/mistake.ts";
import { checkConfigFile } from "./config-file.ts";
import { checkEnvoyFile, counted } from "./envoy-file.ts";
import { type Filter, filterOfFile } from "./filters.ts";
import { kindOf, nearlyKnown } from "./kind.ts";
import type { Report } from "./question.ts";
import { checkResources } from "./resources.ts";
import { resourcesIn } from "./resources-in.ts";
import { jsonMistake } from "./strict-json.ts";
import { isTooDeep, tooDeep } from "./too-deep.ts";
import type { Workshop } from "./workshop.ts";

/** Checks one file. @param filter whose configuration it is; else its content and its place tell what it is */
export async function checkFile(file: string, filter: Filter | undefined, workshop: Workshop): Promise<Report> {
  const path = resolve(workshop.cwd, file);
  try {
    const text = read(path, file);
    refuseWrongJson(text, file);
    const resources = filter ? undefined : resourcesIn(text, file);
    if (resources) return await checkResources(resources, file);
    const source = parse(text, file);
    const kind = filter ? undefined : kindOf(source.value);
    if (kind === "cases") return checkCases(text, path, file);
    if (kind !== undefined) return await checkEnvoyFile(source, file, kind, workshop);
    const whose = filter ?? (isObject(source.value) ? await filterOfFile(path, workshop.cwd) : undefined);
    return whose ? await checkConfigFile(source, file, whose, workshop) : stranger(source, file);
  } catch (error) {
    if (!(error instanceof MeshscriptError) || error.code !== "MS0902") throw error;
    return { file, kind: "unknown", what: "", by: [], findings: error.diagnostics, unreadable: true };
  }
}

function read(path: string, file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw unreadable(reasonOfErrno(error) ?? String(error), file, "check the path");
  }
  if (bytes.subarray(0, 4).toString("latin1") === "\0asm")
    throw unreadable("it is a wasm module", file, `\`meshscript verify ${file}\` checks it`);
  if (bytes.includes(0)) throw unreadable("it is no text", file, "give a file of YAML or JSON");
  return bytes.toString();
}

function unreadable(why: string, file: string, help: string): MeshscriptError {
  return new MeshscriptError(diagnostic("MS0902", `${file} cannot be read: ${why}`, { location: { file }, help }));
}

/** The readers below are YAML's, and take more. @throws MeshscriptError MS0902 */
function refuseWrongJson(text: string, file: string): void {
  const found = extname(file) === ".json" ? jsonMistake(text) : undefined;
  if (!found) return;
  throw new MeshscriptError(diagnostic("MS0902", `no JSON: ${found.message}`, { location: spanIn(text, file, found.start, found.end) }));
}

/** @throws MeshscriptError MS0902 */
function parse(text: string, file: string): YamlSource {
  try {
    return readYaml(text, file, "MS0902");
  } catch (error) {
    if (!(error instanceof MeshscriptError)) throw error;
    if (isTooDeep(error)) throw new MeshscriptError(tooDeep(error, "MS0902"));
    // What the parser finds behind the first mistake are consequences, but for names that are there twice.
    const twice = error.diagnostics.filter(({ message }) => /must be unique/.test(message));
    throw new MeshscriptError(twice.length === error.diagnostics.length ? twice : error.diagnostics.slice(0, 1));
  }
}

function checkCases(text: string, path: string, file: string): Report {
  try {
    const { cases } = parseCases(text, path);
    return { file, kind: "cases", what: counted(cases.length, "case"), by: [], findings: [] };
  } catch (error) {
    if (!(error instanceof MeshscriptError)) throw error;
    // The loader names the file from where the process is.
    const findings = error.diagnostics.map((one): Diagnostic => (one.location ? { ...one, location: { ...one.location, file } } : one));
    return { file, kind: "cases", what: "cases", by: [], findings, ...(error.code === "MS0801" ? { unreadable: true } : {}) };
  }
}

/** A file that nobody knows. Its content is not shown: it can be anything. */
function stranger(source: YamlSource, file: string): Report {
  const report = { file, kind: "unknown" as const, what: "", by: [] };
  const near = nearlyKnown(source.value);
  if (near) {
    const message = `unknown field ${JSON.stringify(near.key)}, did you mean ${JSON.stringify(near.near)}?`;
    return { ...report, findings: [diagnostic("MS0903", message, { location: source.locate([near.key], "key") })] };
  }
  return {
    ...report,
    findings: [diagnostic("MS0903", source.text.trim() === "" ? "the file is empty" : whatElse(source.value), { location: { file } })],
  };
}

function whatElse(value: unknown): string {
  if (!isObject(value)) return `${shown(value)}, where an object is expected`;
  return "nothing tells what this is: it has no `cases` and no field of Envoy's bootstrap, and lies with no filter";
}
