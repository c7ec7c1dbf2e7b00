import {
  type Document,
  LineCounter,
  type Node,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseAllDocuments,
  parseDocument,
  visit,
} from "yaml";
import { type DiagnosticCode, MeshscriptError, type SourceLocation, diagnostic } from "../../diagnostics/index.ts";

/** Where something is in a document: keys and indices from its root. */
export type Path = readonly (string | number)[];

/** A YAML text with the place of everything in it. */
export interface YamlSource {
  readonly file: string;
  /** Without a byte order mark; offsets and columns count without it, too. */
  readonly text: string;
  readonly value: unknown;
  /** The place of a value, or of its key; of the nearest thing around it when it is not there itself. Aliases lead to their anchors. */
  locate(path: Path, part?: "value" | "key"): SourceLocation;
  /** The node there; undefined when there is none. */
  nodeAt(path: Path): Node | undefined;
  /** The path to what stands at an offset: the innermost value around it, or the one whose key it is. */
  pathAt(offset: number): Path;
  /** The place of a range of the text. */
  span(start: number, end: number): SourceLocation;
}

/**
 * Reads YAML (or JSON, which is YAML).
 * @param code of errors of syntax [MS0801]
 * @throws MeshscriptError with every error of syntax, each at its place.
 */
export function readYaml(content: string, file: string, code: DiagnosticCode = "MS0801"): YamlSource {
  const text = content.replace(/^\uFEFF/, "");
  const counter = new LineCounter();
  return sourceOf(parseDocument(text, { ...QUIET, lineCounter: counter }), counter, { text, lines: text.split("\n"), file, code });
}

/**
 * Reads all documents of a text, which `---` divides; places are those in the whole text.
 * @throws MeshscriptError with every error of syntax in the first document that has one.
 */
export function readYamlDocuments(content: string, file: string, code: DiagnosticCode = "MS0801"): YamlSource[] {
  const text = content.replace(/^\uFEFF/, "");
  const counter = new LineCounter();
  const found = parseAllDocuments(text, { ...QUIET, lineCounter: counter });
  const lines = text.split("\n");
  // Of an empty text it says so, in a list without documents.
  return [...found].map((document) => sourceOf(document, counter, { text, lines, file, code }));
}

/** Warnings would go to the process's stderr. */
const QUIET = { prettyErrors: false, logLevel: "error" } as const;

interface Whole {
  text: string;
  lines: readonly string[];
  file: string;
  code: DiagnosticCode;
}

function sourceOf(document: Document.Parsed, counter: LineCounter, { text, lines, file, code }: Whole): YamlSource {
  const at = (start: number, end: number): SourceLocation => {
    const { line, col } = counter.linePos(start);
    const whole = (lines[line - 1] ?? "").replace(/\r$/, "");
    const length = Math.max(1, Math.min(end - start, whole.length - col + 1));
    return { file, line, column: col, length, text: whole };
  };
  const refuse = (mistakes: readonly Mistake[]) =>
    new MeshscriptError(mistakes.map(({ message, pos }) => diagnostic(code, message, { location: at(pos[0], pos[1]) })));
  const mistakes = document.errors.length > 0 ? document.errors.map((error) => plain(error, text)) : badAliases(document);
  if (mistakes.length > 0) throw refuse(mistakes);
  const resolve = (node: Node) => (isAlias(node) ? node.resolve(document) : node);
  return {
    file,
    text,
    value: converted(document, refuse),
    span: at,
    nodeAt: (path) => {
      const found = find(document.contents, path, resolve);
      return found.whole && found.value ? resolve(found.value) : undefined;
    },
    pathAt: (offset) => pathAt(document.contents, offset),
    locate: (path, part = "value") => {
      const found = find(document.contents, path, resolve);
      const node = (part === "key" ? found.key : undefined) ?? found.value;
      return node?.range ? at(node.range[0], node.range[1]) : { file, line: 1, column: 1, text: lines[0] ?? "" };
    },
  };
}

interface Mistake {
  message: string;
  pos: readonly [number, number];
}

/** What the parser says to programmers, said to authors. */
function plain({ code, message, pos }: { code: string; message: string; pos: [number, number] }, text: string): Mistake {
  if (code === "MULTIPLE_DOCS") return { message: "another document begins here (`---`): one file is one document", pos };
  if (code !== "DUPLICATE_KEY") return { message, pos };
  const name = /^(?:"[^"]*"|'[^']*'|[^\s:]+)/.exec(text.slice(pos[0]))?.[0] ?? "";
  return { message: `${name} is there twice; names must be unique`, pos: [pos[0], pos[0] + Math.max(1, name.length)] };
}

/** Aliases that stand for nothing, or for something that they are themselves a part of. */
function badAliases(document: Document): Mistake[] {
  const found: Mistake[] = [];
  visit(document, {
    Alias: (_, alias, parents) => {
      const pos = alias.range ? ([alias.range[0], alias.range[1]] as const) : ([0, 1] as const);
      const target = alias.resolve(document);
      if (target === undefined) found.push({ message: `*${alias.source} stands for nothing: no &${alias.source} comes before it`, pos });
      else if (parents.includes(target)) found.push({ message: `*${alias.source} is a part of &${alias.source} itself`, pos });
    },
  });
  return found;
}

/** @throws what `refuse` makes when a few lines stand for millions of values. */
function converted(document: Document, refuse: (mistakes: readonly Mistake[]) => MeshscriptError): unknown {
  try {
    return document.toJS() as unknown;
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw refuse([{ message: "aliases of aliases: they stand for too many values", pos: [0, 1] }]);
  }
}

interface Found {
  key?: Node | undefined;
  value?: Node | undefined;
  /** The path was there to its end. */
  whole?: boolean;
}

function find(root: Node | null, path: Path, resolve: (node: Node) => Node | undefined): Found {
  let found: Found = { value: root ?? undefined, whole: true };
  for (const step of path) {
    const node = found.value && resolve(found.value);
    const next = node && child(node, step);
    if (!next) return { value: found.value };
    found = { ...next, whole: true };
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

function pathAt(node: Node | null, offset: number): Path {
  const holds = (part: unknown): part is Node => isNode(part) && !!part.range && part.range[0] <= offset && offset < part.range[1];
  if (isSeq(node)) {
    const index = node.items.findIndex(holds);
    return index < 0 ? [] : [index, ...pathAt(node.items[index] as Node, offset)];
  }
  const pair = isMap(node) ? node.items.find(({ key, value }) => holds(key) || holds(value)) : undefined;
  if (!pair) return [];
  return [String(isScalar(pair.key) ? pair.key.value : pair.key), ...(holds(pair.value) ? pathAt(pair.value, offset) : [])];
}
