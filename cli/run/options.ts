import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { MeshscriptError, diagnostic, reasonOfErrno, spanIn } from "../../diagnostics/index.ts";
import type { Address, WasmFilterSpec } from "../../harness/index.ts";
import { jsonMistake } from "../check/strict-json.ts";
import { findModule, refuseNetworkFilter } from "../modules.ts";
import { usage } from "../parse.ts";

/** Where a filter's configuration was written: the file as the user named it, or the flag. */
export interface ConfigSource {
  file: string;
  text: string;
}

/** The configuration's place for error messages; undefined when there is none. */
export function configSource(text: string, { name, config }: WasmFilterSpec): ConfigSource | undefined {
  if (typeof config !== "string") return undefined;
  const value = text.slice(text.indexOf("=") + 1).trim();
  return { file: value.startsWith("{") ? inFlag(name) : value, text: config };
}

/** What stands for a file where the configuration is in the flag itself. */
function inFlag(filter: string): string {
  return `--filter ${filter}`;
}

/**
 * `NAME`, `NAME=FILE.json`, `NAME={"mode":"observe"}`; NAME is a module in build/ or a path to one.
 * @throws MeshscriptError MS0506 for a module, MS0101 for a configuration.
 */
export function filterSpec(text: string, cwd: string): WasmFilterSpec {
  const equals = text.indexOf("=");
  const module = findModule(equals < 0 ? text : text.slice(0, equals), cwd);
  refuseNetworkFilter(module.name, module.path);
  const spec = { name: module.name, wasm: module.path };
  return equals < 0 ? spec : { ...spec, config: filterConfig(module.name, text.slice(equals + 1).trim(), cwd) };
}

/** The text itself, so that places in the module's messages are those of the file. */
function filterConfig(filter: string, value: string, cwd: string): string {
  if (value.startsWith("{")) {
    checkJson(value, inFlag(filter));
    return value;
  }
  let text: string;
  try {
    text = readFileSync(resolve(cwd, value), "utf8");
  } catch (error) {
    const help = 'give the path of a JSON file, or JSON itself: --filter \'tracing={"mode":"observe"}\'';
    const reason = value === "" ? "no file is named" : `${value}: ${reasonOfErrno(error) ?? String(error)}`;
    throw new MeshscriptError(diagnostic("MS0101", `the configuration of ${filter} cannot be read: ${reason}`, { help }));
  }
  checkJson(text, value);
  return text;
}

/** @throws MeshscriptError MS0101 at the first mistake of syntax. */
export function checkJson(text: string, file: string): void {
  const found = jsonMistake(text);
  if (found)
    throw new MeshscriptError(diagnostic("MS0101", `no JSON: ${found.message}`, { location: spanIn(text, file, found.start, found.end) }));
}

/** `host:port`, `[::1]:8080`, `http://host:port`. @throws MeshscriptError MS0503 */
export function upstreamAddress(text: string): Address {
  const match = /^(?:http:\/\/)?(\[[0-9a-fA-F:.]+\]|[^/:\s]+):(\d{1,5})\/?$/.exec(text);
  const port = Number(match?.[2]);
  if (!match || port < 1 || port > 65_535) {
    throw usage("MS0503", `--upstream must be host:port, got ${JSON.stringify(text)}`, "write for example --upstream 127.0.0.1:8080");
  }
  return { host: (match[1] ?? "").replace(/^\[|\]$/g, ""), port };
}

/** @throws MeshscriptError MS0503 */
export function portNumber(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw usage("MS0503", `--port must be 0 to 65535, got ${JSON.stringify(text)}`);
}
