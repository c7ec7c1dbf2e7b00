import { valueAt as at } from "../../harness/cases/findings.ts";
import type { Path } from "../../harness/cases/source.ts";
import { isObject } from "../../harness/envoy/builders.ts";
import { keyOf } from "./plugins.ts";

/** What Envoy says of a value that breaks a constraint of its API, and the path to that value, which need not be there. */
export interface Constraint {
  path?: Path;
  message: string;
}

/** `ListenerValidationError.FilterChains[0]: `: the type of a message, and the field of it that is wrong. */
const STEP = /(\w+?)ValidationError\.(\w+?)(?:\[([^\]]*)\])?: /g;

/**
 * `Proto constraint validation failed (BootstrapValidationError.StaticResources: embedded message failed validation | caused by ...)`.
 * Envoy validates what is packed into an Any by itself, and then begins with that message's type: it is looked for by its `@type`.
 */
export function constraintOf(reason: string, value: unknown): Constraint | undefined {
  const inside = /Proto constraint validation failed \((.*)\)\s*$/s.exec(reason)?.[1];
  if (inside === undefined) return undefined;
  const steps = [...inside.matchAll(STEP)];
  const last = steps.at(-1);
  const text = last ? inside.slice(last.index + last[0].length) : inside;
  // A oneof of which nothing is set has no path of its own.
  const [, oneof, must] = /field: "(\w+)", reason: (.*)$/s.exec(text) ?? [];
  const root = steps[0]?.[1];
  const bases = root === undefined ? [] : root === "Bootstrap" ? [[]] : messagesOfType(value, root);
  const paths = bases.map((base) => along(value, base, steps));
  const wanting = /at least 1\b|required/.test(text) && oneof === undefined ? paths.find((path) => !at(value, path)) : undefined;
  const path = wanting ?? (paths.length === 1 ? paths[0] : undefined);
  const name = path === undefined ? (steps.at(-1)?.[2] ?? "") : lastName(path, root ?? "");
  const where = path === undefined ? {} : { path };
  if (oneof !== undefined) return { ...where, message: `${path === undefined ? "" : `${name}: `}${oneof} ${must}` };
  if (wanting) return { ...where, message: `${name} ${at(value, wanting) === undefined ? "is missing" : "must not be empty"}` };
  return {
    ...where,
    message: name === "" ? text : text.startsWith("value must") ? `${name} ${text.slice("value ".length)}` : `${name}: ${text}`,
  };
}

/** `routes[0]` */
export function lastName(path: Path, otherwise: string): string {
  const last = path.at(-1);
  return typeof last === "number" ? `${lastName(path.slice(0, -1), otherwise)}[${last}]` : (last ?? otherwise);
}

function along(value: unknown, base: Path, steps: readonly RegExpMatchArray[]): Path {
  const path: (string | number)[] = [...base];
  for (const [, , name = "", index] of steps) {
    path.push(keyOf(at(value, path), snake(name)));
    if (index !== undefined) path.push(/^\d+$/.test(index) && Array.isArray(at(value, path)) ? Number(index) : index);
  }
  return path;
}

/** `StatPrefix` -> "stat_prefix" */
function snake(name: string): string {
  return name.replace(/(?<!^)[A-Z]/g, "_$&").toLowerCase();
}

function messagesOfType(value: unknown, type: string, path: Path = []): Path[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => messagesOfType(item, type, [...path, i]));
  if (!isObject(value)) return [];
  const here = String(value["@type"]).endsWith(`.${type}`) ? [path] : [];
  return [...here, ...Object.entries(value).flatMap(([key, inner]) => messagesOfType(inner, type, [...path, key]))];
}
