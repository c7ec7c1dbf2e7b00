import { createHash } from "node:crypto";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { MeshscriptError } from "../diagnostics/index.ts";
import { debugFlags } from "./asc/flags.ts";
import { sdkPaths } from "./callbacks.ts";
import { compile } from "./compile.ts";

/** A module of plain functions in Node, for unit tests of a filter's `core/`. Bytes go in at its export `input()` and come out at `output()`. */
export interface Core {
  /** Calls an exported function. Numbers are i32 or f64, bigints i64. */
  call(name: string, ...args: (number | bigint)[]): number | bigint;
  /** Writes to `input()` (strings as UTF-8) and returns the number of bytes. */
  write(value: string | Uint8Array): number;
  /** A copy of `length` bytes at `output()`. */
  read(length: number): Buffer;
  /** The text at `output()` up to its NUL. */
  readText(): string;
  /** The i64 at `output()`. */
  readI64(): bigint;
}

/** Host functions by name, such as `proxy_get_header_map_pairs`: given the module's memory and the arguments, they answer a status. */
export type HostCalls = Record<string, (memory: DataView, ...args: number[]) => number>;

interface CoreOptions {
  baseDir?: string;
  hostCalls?: HostCalls;
}

/**
 * Compiles an AssemblyScript file of exported plain functions, with assertions on, and loads it. Host calls answer 0 and do nothing, so a
 * `core/` that makes one shows it by finding nothing; what the module logs, as on a trap, is thrown with the trap.
 *
 * @param options.hostCalls host functions that answer something else, given the module's memory
 * @example
 * const core = await loadCore(new URL("./core.as.ts", import.meta.url));
 * expect(core.call("refill", 3, 10)).toBe(7);
 */
export async function loadCore(file: URL | string, { baseDir = process.cwd(), hostCalls = {} }: CoreOptions = {}): Promise<Core> {
  const entry = path.relative(baseDir, typeof file === "string" ? path.resolve(baseDir, file) : fileURLToPath(file));
  const imports = `import "${sdkPaths.abort.replace(/^~lib\//, "")}";\nexport * from "./${path.basename(entry, ".ts")}";\n`;
  const generated = `${path.dirname(entry)}/_${createHash("sha256").update(entry).digest("hex").slice(0, 8)}.ts`;
  const compiled = await compile({
    baseDir,
    entries: [generated],
    virtualFiles: { [generated]: imports },
    outFile: "core.wasm",
    flags: debugFlags,
  });
  if (!compiled.wasm) throw new MeshscriptError(compiled.diagnostics);
  return instantiate(compiled.wasm, hostCalls);
}

async function instantiate(wasm: Uint8Array, hostCalls: HostCalls): Promise<Core> {
  const module = await WebAssembly.compile(wasm as BufferSource);
  const logged: string[] = [];
  const memory = () => (exports.memory as WebAssembly.Memory).buffer;
  const log = (_level: number, at: number, length: number) => {
    logged.push(Buffer.from(memory(), at, length).toString());
    return 0;
  };
  const answer = (name: string) => {
    const own = hostCalls[name];
    if (own) return (...args: number[]) => own(new DataView(memory()), ...args);
    return name === "proxy_log" ? log : () => 0;
  };
  const imports: WebAssembly.Imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    imports[from] = { ...imports[from], [name]: answer(name) };
  }
  const { exports } = await WebAssembly.instantiate(module, imports);
  const call = (name: string, ...args: (number | bigint)[]) => {
    const target = exports[name];
    if (typeof target !== "function") throw new Error(`the module exports no function ${name}`);
    try {
      return target(...args) as number | bigint;
    } catch (error) {
      throw new Error(`${name}: ${logged.splice(0).join("; ") || String(error)}`, { cause: error });
    }
  };
  call("_initialize");
  const input = Number(call("input"));
  const output = Number(call("output"));
  return {
    call,
    write(value) {
      const bytes = typeof value === "string" ? Buffer.from(value) : value;
      new Uint8Array(memory(), input, bytes.length).set(bytes);
      return bytes.length;
    },
    read: (length) => Buffer.from(Buffer.from(memory(), output, length)),
    readText() {
      const bytes = Buffer.from(memory(), output);
      return bytes.subarray(0, bytes.indexOf(0)).toString();
    },
    readI64: () => new DataView(memory(), output).getBigInt64(0, true),
  };
}
