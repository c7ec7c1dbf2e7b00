import { LineCounter, type Node, isAlias, isMap, isNode, isScalar, isSeq, parseDocument } from "yaml";
import { MeshscriptError, type SourceLocation, diagnostic } from "../../diagnostics/index.ts";

/** Where something is in a document: keys and indices from its root. */
export type Path = readonly (string | number)[];

/** A YAML text with the place of everything in it. */
export interface YamlSource {
  readonly file: string;
  readonly value: unknown;
  /** The place of a value, or of its key; of the nearest thing around it when it is not there itself. Aliases lead to their anchors. */
  locate(path: Path, part?: "value" | "key"): SourceLocation;
}

/**
 * Reads YAML (or JSON, which is YAML).
 * @throws MeshscriptError MS0801 with every error of syntax, each at its place.
 */
export function readYaml(text: string, file: string): YamlSource {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const lines = text.split("\n");
  const at = (start: number, end: number): SourceLocation => {
    const { line, col } = counter.linePos(start);
    const whole = (lines[line - 1] ?? "").replace(/\r$/, "");
    const length = Math.max(1, Math.min(end - start, whole.length - col + 1));
    return { file, line, column: col, length, text: whole };
  };
  if (document.errors.length > 0) {
    throw new MeshscriptError(document.errors.map(({ message, pos }) => diagnostic("MS0801", message, { location: at(pos[0], pos[1]) })));
  }
  return {
    file,
    value: document.toJS() as unknown,
    locate: (path, part = "value") => {
      const found = find(document.contents, path, (node) => (isAlias(node) ? node.resolve(document) : node));
      const node = (part === "key" ? found.key : undefined) ?? found.value;
      return node?.range ? at(node.range[0], node.range[1]) : { file, line: 1, column: 1, text: lines[0] ?? "" };
    },
  };
}

interface Found {
  key?: Node | undefined;
  value?: Node | undefined;
}

function find(root: Node | null, path: Path, resolve: (node: Node) => Node | undefined): Found {
  let found: Found = { value: root ?? undefined };
  for (const step of path) {
    const node = found.value && resolve(found.value);
    const next = node && child(node, step);
    if (!next) return { value: found.value };
    found = next;
  }
  return found;
}

function child(node: Node, step: string | number): Found | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(step)];
    return isNode(item) ? { value: item } : undefined;
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step));
  if (!pair || !isNode(pair.key)) return undefined;
  return { key: pair.key, value: isNode(pair.value) ? pair.value : pair.key };
}
