import { type Path, readYaml } from "../../harness/cases/source.ts";
import { isObject } from "../../harness/envoy/builders.ts";
import { closest } from "../../modules/verify/closest.ts";
import { constraintOf, lastName } from "./constraint.ts";
import { dig } from "./plugins.ts";

/** Why Envoy rejects a configuration, as far as its words tell where. */
export interface Rejection {
  message: string;
  /** To what it is about; it need not be there. Undefined when Envoy does not tell. */
  path?: Path;
  part: "key" | "value";
  /**
   * It is about what was written, not about what it means: without that value Envoy reads on, and what it finds then is no consequence.
   */
  syntax: boolean;
  help?: string;
}

/** Where protobuf's JSON parser stopped: in which message, on which line of the JSON, and why. */
const STOPPED =
  /invalid JSON in envoy\.config\.bootstrap\.v3\.Bootstrap\b(.*?)near (\d+):\d+ \(offset \d+\): (.*?)\)(?: has unknown fields)?$/s;

/** Marks that Envoy has not got beyond reading the text. */
const READING = /invalid JSON in|unknown enum value|could not find @type/;

/**
 * @param value what Envoy was asked about
 * @param json the same as JSON with each field on a line of its own, when it was given so
 */
export function rejectionOf(reason: string, value: unknown, json?: string): Rejection {
  const stopped = json === undefined ? null : STOPPED.exec(reason);
  if (stopped && json !== undefined) {
    const [, where = "", line, what = ""] = stopped;
    const path = pathOfLine(json, Number(line));
    const help = /google\.protobuf\.Duration/.test(where) ? { help: "Envoy's durations are seconds: `1s`, `0.25s`" } : {};
    const unknown = /^no such field: '(.*)'$/.exec(what)?.[1];
    if (unknown === undefined) return { message: `${lastName(path, "it")}${wrong(what)}`, path, part: "value", syntax: true, ...help };
    const type = /message \S*?(\w+),\s*$/.exec(where)?.[1];
    return { message: `no field ${JSON.stringify(unknown)}${type === undefined ? "" : ` in ${type}`}`, path, part: "key", syntax: true };
  }
  const constraint = constraintOf(reason, value);
  if (constraint) return { ...constraint, part: "value", syntax: false };
  const path = pathOfWord(reason, value);
  return { message: short(reason), ...(path ? { path } : {}), part: "value", syntax: READING.test(reason), ...clusterHelp(reason, value) };
}

/** The name of a cluster that Envoy does not find. */
export function unknownCluster(reason: string): string | undefined {
  return /unknown (?:\w+ )*cluster:? '?([^'\s]+?)'?$/i.exec(reason)?.[1];
}

function clusterHelp(reason: string, value: unknown): { help?: string } {
  const name = unknownCluster(reason);
  const clusters = dig(value, "static_resources", "clusters");
  if (name === undefined || !Array.isArray(clusters)) return {};
  const names = clusters.flatMap((cluster) => (isObject(cluster) && typeof cluster["name"] === "string" ? [cluster["name"]] : []));
  const near = closest(name, names);
  return { help: near === undefined ? `the clusters are: ${names.join(", ") || "none"}` : `did you mean ${JSON.stringify(near)}?` };
}

/** `JSON.stringify(value, null, 1)` begins each field and each entry on a line of its own. */
function pathOfLine(json: string, line: number): Path {
  const lines = json.split("\n");
  const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  return readYaml(json, "").pathAt(before + (/\S/.exec(lines[line - 1] ?? "")?.index ?? 0));
}

const JSON_KINDS: Record<string, string> = { '"': "a string", "{": "an object", "[": "a list" };

/** `unexpected character: '['; expected '{'` -> " must be an object" */
function wrong(what: string): string {
  const kind = JSON_KINDS[/^unexpected character: '.'; expected '(.)'$/.exec(what)?.[1] ?? ""];
  return kind === undefined ? `: ${what}` : ` must be ${kind}`;
}

/**
 * The value that Envoy names. What it puts in quotes is a name: Envoy reads in order, so the first one that is called so. Any other word counts
 * when there is only one such value in the file.
 */
function pathOfWord(reason: string, value: unknown): Path | undefined {
  const scalars = scalarsIn(value);
  const called = (name: string) => scalars.filter(({ text }) => text === name).map(({ path }) => path);
  const cluster = unknownCluster(reason);
  if (cluster !== undefined) return called(cluster).find((path) => /^(?:cluster(?:_name|Name)?|name)$/.test(String(path.at(-1))));
  const named = [...reason.matchAll(/(?<!\w)(['"`])(.+?)\1(?!\w)|\bnamed (\S+)/g)].map(([, , quoted, plain]) => quoted ?? plain ?? "");
  const known = named.map(called).find((paths) => paths.length > 0);
  // Of a name that is there twice, the second is one too many.
  if (known) return (/duplicate/i.test(reason) ? known.filter((path) => path.at(-1) === "name")[1] : undefined) ?? known[0];
  const contained = scalars.filter(({ text }) => text.length > 2 && ` ${reason} `.search(wordPattern(text)) >= 0).map(({ text }) => text);
  const longest = contained.sort((a, b) => b.length - a.length)[0];
  const paths = longest === undefined ? [] : called(longest);
  return paths.length === 1 ? paths[0] : undefined;
}

function wordPattern(text: string): RegExp {
  return new RegExp(`(?<![\\w.])${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w-])`);
}

function scalarsIn(value: unknown, path: Path = []): { path: Path; text: string }[] {
  if (typeof value !== "object" || value === null) return [{ path, text: String(value) }];
  const entries: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, inner]) => scalarsIn(inner, [...path, key]));
}

/** Some of Envoy's reasons carry a part of the configuration. */
function short(reason: string): string {
  const said = reason
    .replace(/^Protobuf message \(type \S+ reason INVALID_ARGUMENT: (.*)\) has unknown fields$/s, "$1")
    .replace(/^Unable to parse JSON as proto \(INVALID_ARGUMENT: (.*)\)$/s, "$1");
  return said.length > 300 ? `${said.slice(0, 297)}...` : said;
}
