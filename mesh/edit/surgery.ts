import { Document, type Node, type Scalar, YAMLMap, type YAMLSeq, isCollection, isMap, isPair, isScalar, visit } from "yaml";

/** A piece of a text that becomes another; what is around it stays. */
export interface Cut {
  start: number;
  end: number;
  text: string;
}

/** What stands in front of a destination's siblings when it is written anew. */
export interface NewDestination {
  subset: string;
  weight: number;
}

/** The text with other pieces. Cuts do not overlap; those at one place stay in their order. */
export function cut(text: string, cuts: readonly Cut[]): string {
  let [made, at] = ["", 0];
  for (const { start, end, text: piece } of [...cuts].sort((a, b) => a.start - b.start)) {
    made += text.slice(at, start) + piece;
    at = end;
  }
  return made + text.slice(at);
}

/**
 * What makes the weight of a destination another: its number, or a line `weight` behind `destination`.
 * @param item of a route's list; undefined is returned where it is none that could be written to
 */
export function weightCut(text: string, item: unknown, weight: number): Cut | undefined {
  if (!isMap(item)) return undefined;
  const written = pairOf(item, "weight")?.value;
  if (isNodeWithRange(written)) {
    const [start, end] = written.range;
    // `weight:` alone: the number comes behind the colon.
    return { start, end, text: `${start === end && text[start - 1] === ":" ? " " : ""}${weight}` };
  }
  const pair = pairOf(item, "destination");
  if (pair === undefined || !isNodeWithRange(pair.key) || !isNodeWithRange(pair.value)) return undefined;
  const [keyStart] = pair.key.range;
  const end = endOf(pair.value);
  const name = isScalar(pair.key) && pair.key.type === "QUOTE_DOUBLE" ? `"weight"` : "weight";
  if (!item.flow) return behindLine(text, end, [`${" ".repeat(columnOf(text, keyStart))}${name}: ${weight}`]);
  const own = indentOf(text, keyStart);
  return { start: end, end, text: `,${own === undefined ? " " : lineEnd(text) + own}${name}: ${weight}` };
}

/**
 * What puts destinations behind the last one of a route's list, written as `like` is: in a line or in lines, with its quotes, host and port.
 * Undefined where nobody can tell how.
 */
export function newDestinationsCut(text: string, list: YAMLSeq, like: unknown, added: readonly NewDestination[]): Cut | undefined {
  const last = list.items.at(-1);
  if (!isNodeWithRange(list) || !isNodeWithRange(last) || !isMap(like)) return undefined;
  const items = added.map((each) => linesOf(text, like, each));
  const end = endOf(last);
  if (list.flow) {
    const own = indentOf(text, last.range[0]);
    const before = own === undefined ? ", " : `,${lineEnd(text)}${own}`;
    return { start: end, end, text: items.map((lines) => before + lines.join(" ").trim()).join("") };
  }
  const dash = columnOf(text, list.range[0]);
  const keys = Math.max(columnOf(text, last.range[0]), dash + 2);
  const lines = items.flatMap(([first = "", ...rest]) => [
    `${" ".repeat(dash)}-${" ".repeat(keys - dash - 1)}${first}`,
    ...rest.map((line) => " ".repeat(keys) + line),
  ]);
  return behindLine(text, end, lines);
}

/** A destination as its sibling is written, by the lines of YAML. */
function linesOf(text: string, like: YAMLMap, { subset, weight }: NewDestination): string[] {
  const sibling = like.get("destination");
  const host = isMap(sibling) ? (sibling.get("host", true) as Scalar | undefined) : undefined;
  const port: unknown = isMap(sibling) ? sibling.getIn(["port", "number"]) : undefined;
  const destination = { host: host?.value, ...(port === undefined ? {} : { port: { number: port } }), subset };
  const made = new Document({ destination, weight });
  const quotedKeys = like.items.some(({ key }) => isScalar(key) && key.type === "QUOTE_DOUBLE");
  visit(made, {
    Scalar: (position, scalar) => {
      if (position === "key") scalar.type = quotedKeys ? "QUOTE_DOUBLE" : "PLAIN";
      else if (typeof scalar.value === "string" && host?.type) scalar.type = host.type;
    },
  });
  const inner = made.get("destination");
  if (isMap(made.contents)) made.contents.flow = like.flow === true;
  if (inner instanceof YAMLMap && isMap(sibling)) inner.flow = sibling.flow === true;
  const step = isMap(sibling) && !sibling.flow ? columnOf(text, rangeStart(sibling)) - columnOf(text, rangeStart(like)) : 2;
  return made
    .toString({ lineWidth: 0, indent: Math.max(step, 1) })
    .trimEnd()
    .split("\n");
}

/** Lines behind the one in which something ends, and behind the comment there. */
function behindLine(text: string, end: number, lines: readonly string[]): Cut {
  const next = text.indexOf("\n", end);
  const at = next < 0 ? text.length : text[next - 1] === "\r" ? next - 1 : next;
  return { start: at, end: at, text: lines.map((line) => lineEnd(text) + line).join("") };
}

const lineEnd = (text: string): string => (text.includes("\r\n") ? "\r\n" : "\n");

/** Where the last thing in a node ends: a block's own range has the lines behind it, too. */
function endOf(node: Node): number {
  if (isCollection(node) && !node.flow) {
    const last: unknown = node.items.at(-1);
    const inner = isPair(last) ? (isNodeWithRange(last.value) ? last.value : last.key) : last;
    if (isNodeWithRange(inner)) return endOf(inner);
  }
  return node.range?.[1] ?? 0;
}

function pairOf(map: YAMLMap, name: string) {
  return map.items.find(({ key }) => isScalar(key) && key.value === name);
}

function isNodeWithRange(node: unknown): node is Node & { range: [number, number, number] } {
  return typeof node === "object" && node !== null && Array.isArray((node as { range?: unknown }).range);
}

const rangeStart = (node: Node): number => node.range?.[0] ?? 0;

const lineStart = (text: string, at: number): number => text.lastIndexOf("\n", at - 1) + 1;

const columnOf = (text: string, at: number): number => at - lineStart(text, at);

/** What is in front of something that is the first of its line; undefined where it is not. */
function indentOf(text: string, at: number): string | undefined {
  const before = text.slice(lineStart(text, at), at);
  return before.trim() === "" ? before : undefined;
}
