import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LineCounter, parseDocument } from "yaml";
import { MeshscriptError, type SourceLocation, diagnostic, reasonOfErrno } from "../../diagnostics/index.ts";
import { isObject } from "./builders.ts";
import type { ConfigObject } from "./types.ts";

/** A bootstrap as an object, and where it came from if that was a file. */
export interface LoadedConfig {
  config: ConfigObject;
  file?: string;
}

/**
 * Reads a bootstrap: the path of a .yaml, .yml or .json file, a file URL, the text itself, or an object.
 *
 * @throws MeshscriptError MS0406 with the place in the file.
 */
export async function loadConfig(source: string | URL | ConfigObject): Promise<LoadedConfig> {
  if (typeof source === "object" && !(source instanceof URL)) return { config: structuredClone(source) };
  const file = fileOf(source);
  if (file === undefined) return { config: parse(String(source), "config") };
  const text = await readFile(file, "utf8").catch((error: Error) => {
    throw new MeshscriptError(
      diagnostic("MS0406", `the configuration cannot be read: ${reasonOfErrno(error) ?? error.message}`, { location: { file } }),
    );
  });
  return { config: parse(text, file), file };
}

function fileOf(source: string | URL): string | undefined {
  if (source instanceof URL) return fileURLToPath(source);
  // Text of a configuration has a line end or a brace; a path has neither.
  const named = !/[\n{]/.test(source) && [".yaml", ".yml", ".json"].includes(extname(source));
  return named || existsSync(source) ? resolve(source) : undefined;
}

function parse(text: string, file: string): ConfigObject {
  // JSON is YAML, so one parser gives one kind of error with a place for both.
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const error = document.errors[0];
  if (error) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    const location: SourceLocation = { file, line, column: col, text: text.split("\n")[line - 1] ?? "" };
    throw new MeshscriptError(diagnostic("MS0406", error.message, { location }));
  }
  if (document.contents === null) {
    throw new MeshscriptError(
      diagnostic("MS0406", text.trim() === "" ? "the file is empty" : "the file has only comments", { location: { file } }),
    );
  }
  const value: unknown = document.toJS();
  if (!isObject(value)) {
    throw new MeshscriptError(
      diagnostic("MS0406", `an Envoy bootstrap is an object, got ${JSON.stringify(value)}`, { location: { file } }),
    );
  }
  return value;
}
