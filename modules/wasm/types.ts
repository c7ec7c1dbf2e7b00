/** A function type as text, for example `(i32, i64) -> i32`, with the value types that it is made of. */
export interface FunctionType {
  params: string[];
  results: string[];
  text: string;
}

export type ExternalKind = "function" | "table" | "memory" | "global" | "tag";

export interface WasmImport {
  module: string;
  name: string;
  kind: ExternalKind;
  /** Of a function. */
  type?: FunctionType;
  /** Of a global. */
  global?: WasmGlobal;
}

export interface WasmExport {
  name: string;
  kind: ExternalKind;
  /** Index in the index space of its kind. */
  index: number;
  type?: FunctionType;
  global?: WasmGlobal;
}

export interface WasmGlobal {
  type: string;
  mutable: boolean;
}

/** A function with a body in this module. */
export interface WasmFunction {
  /** Counted with the imported functions. */
  index: number;
  /** From the name section; "" when it has none. */
  name: string;
  /** Where the body's instructions start and end in the file. */
  start: number;
  end: number;
  /** Bytes of code. */
  size: number;
}

/** What can be read from a module without running it. */
export interface WasmModule {
  bytes: Uint8Array;
  imports: WasmImport[];
  exports: WasmExport[];
  functions: WasmFunction[];
  /** Pages of 64 KiB. */
  memories: { initial: number; maximum?: number; imported: boolean }[];
  /** Function index of the start section. */
  start?: number;
  customSections: { name: string; size: number }[];
}

/** The bytes are no module that Envoy could load. `offset` is where reading stopped. */
export class WasmFormatError extends Error {
  override readonly name = "WasmFormatError";
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}
