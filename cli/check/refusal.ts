import { type Diagnostic, type SourceLocation, diagnostic } from "../../diagnostics/index.ts";
import { valueAt } from "../../harness/cases/findings.ts";
import type { Path } from "../../harness/cases/source.ts";
import { isObject } from "../../harness/envoy/builders.ts";
import { messagesIn, shortLine } from "../../harness/envoy/failure.ts";
import { trapIn } from "../../modules/index.ts";
import { tracedModules } from "../modules.ts";
import { type Problem, problemsIn } from "../problems.ts";
import { configurationTrap } from "../traps.ts";
import type { Asked } from "./asker.ts";
import type { Plugin, Question } from "./question.ts";

/** `[time][thread][error][wasm] [source.cc:1157] text`; what a module logs begins with `wasm log NAMES: `. */
const LINE = /^\[[^\]]*\]\[\d+\]\[(?:warning|error|critical)\]\[wasm\] \[[^\]]*\] (.*)$/s;
const OF_MODULE = /^wasm log(?: .*?)?: (.*)$/s;
/** What Envoy says after every failure of a module. */
const IDLE_TALK = /Plugin .*failed to load|Failed to (?:load Wasm code|configure base Wasm plugin)$/;

/** The plugin that Envoy could not make. */
export function refusedPlugin(reason: string, { value, plugins }: Question): Plugin | undefined {
  const name = /Unable to create Wasm plugin (.*)$/.exec(reason)?.[1];
  if (name === undefined) return undefined;
  return plugins.find(({ path }) => {
    const config = valueAt(value, path);
    return isObject(config) && config["name"] === name;
  });
}

/** What a module has against its configuration, each at its place, without what is known already; or why it does not even start. */
export function refusalOf(plugin: Plugin, asked: Asked): Diagnostic[] {
  const lines = messagesIn(asked.lines).flatMap((line) => LINE.exec(line)?.[1] ?? []);
  const said = lines.flatMap((line) => OF_MODULE.exec(line)?.[1] ?? []).map((text) => text.replace(/^\[[^\]]*\] /, ""));
  const who = `${plugin.name} refused its configuration`;
  for (const text of said) {
    const refused = problemsIn(text);
    if (refused) return refusals(plugin, who, refused.problems, refused.more);
  }
  const trap = trapIn(lines, tracedModules(plugin.module === undefined ? [] : [plugin.module]));
  if (trap) return news(plugin, [configurationTrap(plugin.name, trap, said, plugin.locate("configuration"))]);
  const [first, ...more] = said;
  if (first !== undefined)
    return news(plugin, [
      diagnostic("MS0102", `${who}: ${first}`, { location: plugin.locate("configuration"), notes: more.map(shortLine) }),
    ]);
  if (/Failed to configure base Wasm plugin/.test(lines.join("\n")) && lines.every((line) => IDLE_TALK.test(line))) {
    return news(plugin, [diagnostic("MS0102", `${who} without a word`, { location: plugin.locate("configuration") })]);
  }
  if (plugin.unfit) return [];
  const why = lines.map((line) => line.replace(/^Wasm VM failed /, "")).filter((line) => !IDLE_TALK.test(line));
  const [reason = "Envoy does not tell why", ...rest] = why.flatMap((line) => line.split("\n"));
  const notes = rest.slice(0, 12).map(shortLine);
  const location = plugin.locate("vm_config", /Wasm VM using \S+ runtime/.test(reason) ? "runtime" : "code");
  return [diagnostic("MS0905", `the module of ${plugin.name} does not start: ${reason}`, { location, notes })];
}

/** The reader names three. @param more how many there are besides */
function refusals(plugin: Plugin, who: string, problems: readonly Problem[], more: string | undefined): Diagnostic[] {
  const found = problems.flatMap((each) => problem(plugin, who, each));
  // Of those that it does not name the schema has named some: then nobody knows how many are left.
  if (more !== undefined && plugin.reported.length === 0) found.at(-1)?.notes.push(`${more}; check again when these are mended`);
  return found;
}

function problem(plugin: Plugin, who: string, { text, field, at, what }: Problem): Diagnostic[] {
  if (at === undefined || !plugin.text)
    return news(plugin, [diagnostic("MS0102", `${who}: ${text}`, { location: plugin.locate("configuration") })]);
  const path = plugin.text.pathAt(at.line, at.column);
  if (plugin.reported.some((known) => isWithin(path, known) || isWithin(known, path))) return [];
  const message = `${who}: ${field === undefined ? "" : `${field}: `}${what}`;
  return [diagnostic("MS0102", message, { location: placeOf(plugin.text, path, at, what) })];
}

function placeOf(text: NonNullable<Plugin["text"]>, path: Path, at: NonNullable<Problem["at"]>, what: string): SourceLocation {
  return path.length === 0 ? text.at(at.line, at.column) : text.locate(path, what.startsWith("unknown field") ? "key" : "value");
}

/** Without a place nobody can tell whether it is what the schema has said: then it counts as that. */
function news(plugin: Plugin, findings: Diagnostic[]): Diagnostic[] {
  return plugin.reported.length > 0 ? [] : findings;
}

function isWithin(path: Path, outer: Path): boolean {
  return outer.every((step, i) => String(path[i]) === String(step));
}
