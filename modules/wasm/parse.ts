import { Reader } from "./reader.ts";
import { type ExternalKind, type FunctionType, WasmFormatError, type WasmFunction, type WasmGlobal, type WasmModule } from "./types.ts";

const kinds: readonly ExternalKind[] = ["function", "table", "memory", "global", "tag"];
const valueTypes: Readonly<Record<number, string>> = {
  127: "i32",
  126: "i64",
  125: "f32",
  124: "f64",
  123: "v128",
  112: "funcref",
  111: "externref",
};

/** The section numbers of the core specification that matter here. */
const section = { custom: 0, type: 1, import: 2, function: 3, memory: 5, global: 6, export: 7, start: 8, code: 10 } as const;
const LAST_SECTION = 13;

/**
 * Reads a module's outline: types, imports, exports, memories, start, function bodies' places and names.
 * Bodies are not decoded; a caller who wants them valid too asks `WebAssembly.validate`.
 * Throws {@link WasmFormatError} and nothing else.
 */
export function parseModule(bytes: Uint8Array): WasmModule {
  if (bytes.length < 8) throw new WasmFormatError("the file is shorter than a module's header of 8 bytes", bytes.length);
  const magic = String.fromCharCode(...bytes.subarray(0, 4));
  if (magic !== "\0asm") throw new WasmFormatError("the file does not start with the wasm magic bytes", 0);
  if (bytes[4] !== 1 || bytes[5] !== 0 || bytes[6] !== 0 || bytes[7] !== 0) {
    throw new WasmFormatError("the file is not a core module of version 1 (a component, perhaps)", 4);
  }
  const outline = new Outline(bytes);
  const reader = new Reader(bytes, 8);
  while (!reader.done) {
    const id = reader.byte("a section");
    if (id > LAST_SECTION) reader.fail(`unknown section ${id}`);
    const size = reader.u32(`the size of section ${id}`);
    outline.read(id, reader.part(size, `section ${id}`));
  }
  return outline.finish();
}

class Outline {
  readonly module: WasmModule;
  readonly types: FunctionType[] = [];
  /** Type index per function, imported ones first. */
  readonly functionTypes: FunctionType[] = [];
  readonly globals: WasmGlobal[] = [];
  names = new Map<number, string>();
  importedFunctions = 0;

  constructor(bytes: Uint8Array) {
    this.module = { bytes, imports: [], exports: [], functions: [], memories: [], customSections: [] };
  }

  read(id: number, reader: Reader): void {
    const size = reader.end - reader.offset;
    if (id === section.custom) this.custom(reader, size);
    else if (id === section.type) this.readTypes(reader);
    else if (id === section.import) this.readImports(reader);
    else if (id === section.function) for (let n = reader.count("functions"); n > 0; n--) this.functionTypes.push(this.typeAt(reader));
    else if (id === section.memory) for (let n = reader.count("memories"); n > 0; n--) this.module.memories.push(limits(reader, false));
    else if (id === section.global) this.readGlobals(reader);
    else if (id === section.export) this.readExports(reader);
    else if (id === section.start) this.module.start = reader.u32("the start function");
    else if (id === section.code) this.readCode(reader);
    else return;
    if (!reader.done) reader.fail(`section ${id} has ${reader.end - reader.offset} bytes too many`);
  }

  finish(): WasmModule {
    for (const f of this.module.functions) f.name = this.names.get(f.index) ?? "";
    for (const e of this.module.exports) {
      const type = e.kind === "function" ? this.functionTypes[e.index] : undefined;
      const global = e.kind === "global" ? this.globals[e.index] : undefined;
      if (type) e.type = type;
      if (global) e.global = global;
      if ((e.kind === "function" && !type) || (e.kind === "global" && !global)) {
        throw new WasmFormatError(`export "${e.name}" names ${e.kind} ${e.index}, which does not exist`, 0);
      }
    }
    if (this.module.functions.length !== this.functionTypes.length - this.importedFunctions) {
      throw new WasmFormatError("the function section and the code section differ in length", this.module.bytes.length);
    }
    return this.module;
  }

  private custom(reader: Reader, size: number): void {
    const name = reader.text("a custom section's name");
    this.module.customSections.push({ name, size });
    try {
      if (name === "name") this.names = functionNames(reader);
    } catch {
      // The specification lets engines ignore a broken name section, and they do.
    }
    reader.offset = reader.end;
  }

  private readTypes(reader: Reader): void {
    for (let n = reader.count("types"); n > 0; n--) {
      const form = reader.byte("a type");
      if (form !== 0x60) reader.fail(`type form 0x${form.toString(16)} is not a plain function type`);
      const params = list(reader);
      const results = list(reader);
      this.types.push({ params, results, text: `(${params.join(", ")}) -> ${results.length ? results.join(", ") : "()"}` });
    }
  }

  private readImports(reader: Reader): void {
    for (let n = reader.count("imports"); n > 0; n--) {
      const entry = { module: reader.text("an import's module"), name: reader.text("an import's name"), kind: kind(reader) };
      if (entry.kind === "function") {
        const type = this.typeAt(reader);
        this.functionTypes.push(type);
        this.importedFunctions++;
        this.module.imports.push({ ...entry, type });
      } else if (entry.kind === "global") {
        const global = globalType(reader);
        this.globals.push(global);
        this.module.imports.push({ ...entry, global });
      } else {
        if (entry.kind === "memory") this.module.memories.push(limits(reader, true));
        else if (entry.kind === "table") {
          valueType(reader);
          limits(reader, true);
        } else {
          reader.byte("a tag");
          this.typeAt(reader);
        }
        this.module.imports.push(entry);
      }
    }
  }

  private readGlobals(reader: Reader): void {
    for (let n = reader.count("globals"); n > 0; n--) {
      this.globals.push(globalType(reader));
      skipConstant(reader);
    }
  }

  private readExports(reader: Reader): void {
    for (let n = reader.count("exports"); n > 0; n--) {
      this.module.exports.push({ name: reader.text("an export's name"), kind: kind(reader), index: reader.u32("an export's index") });
    }
  }

  private readCode(reader: Reader): void {
    const total = reader.count("function bodies");
    for (let i = 0; i < total; i++) {
      const size = reader.u32("the size of a function body");
      const body = reader.part(size, "a function body");
      const start = body.offset;
      const f: WasmFunction = { index: this.importedFunctions + i, name: "", start, end: body.end, size };
      this.module.functions.push(f);
    }
  }

  private typeAt(reader: Reader): FunctionType {
    const index = reader.u32("a type index");
    return this.types[index] ?? reader.fail(`type ${index} does not exist`);
  }
}

/** Subsection 1 of the name section. */
function functionNames(reader: Reader): Map<number, string> {
  const names = new Map<number, string>();
  while (!reader.done) {
    const id = reader.byte("a name subsection");
    const part = reader.part(reader.u32("the size of a name subsection"), "a name subsection");
    if (id !== 1) continue;
    for (let n = part.count("names"); n > 0; n--) names.set(part.u32("a function index"), part.text("a function's name"));
  }
  return names;
}

function kind(reader: Reader): ExternalKind {
  const byte = reader.byte("a kind");
  return kinds[byte] ?? reader.fail(`unknown kind ${byte} of import or export`);
}

function list(reader: Reader): string[] {
  const types: string[] = [];
  for (let n = reader.count("value types"); n > 0; n--) types.push(valueType(reader));
  return types;
}

function valueType(reader: Reader): string {
  const byte = reader.byte("a value type");
  // (ref ht) and (ref null ht) carry a heap type; every abbreviation of the GC proposal lies between 0x69 and 0x74.
  if (byte === 0x64 || byte === 0x63) {
    reader.skipLeb("a heap type");
    return "ref";
  }
  return valueTypes[byte] ?? (byte >= 0x69 && byte <= 0x74 ? "ref" : reader.fail(`unknown value type 0x${byte.toString(16)}`));
}

function globalType(reader: Reader): WasmGlobal {
  const type = valueType(reader);
  return { type, mutable: (reader.byte("a global's mutability") & 1) === 1 };
}

function limits(reader: Reader, imported: boolean): { initial: number; maximum?: number; imported: boolean } {
  const flags = reader.byte("limits");
  if (flags > 3) reader.fail(`limits of form ${flags} (64-bit memory?) are not what Envoy's hosts take`);
  const initial = reader.u32("a minimum");
  return (flags & 1) === 1 ? { initial, maximum: reader.u32("a maximum"), imported } : { initial, imported };
}

/** Passes over a constant expression: the value that a global starts with. */
function skipConstant(reader: Reader): void {
  for (;;) {
    const opcode = reader.byte("a constant expression");
    if (opcode === 0x0b) return;
    if (opcode === 0x41 || opcode === 0x42 || opcode === 0x23 || opcode === 0xd2 || opcode === 0xd0) reader.skipLeb("a constant");
    else if (opcode === 0x43) reader.skip(4, "an f32 constant");
    else if (opcode === 0x44) reader.skip(8, "an f64 constant");
    else if (opcode === 0xfd) {
      if (reader.u32("a vector opcode") !== 12) reader.fail("a constant expression with a vector operation");
      reader.skip(16, "a v128 constant");
    } else if (!(opcode >= 0x6a && opcode <= 0x6c) && !(opcode >= 0x7c && opcode <= 0x7e)) {
      reader.fail(`opcode 0x${opcode.toString(16)} in a constant expression`);
    }
  }
}
