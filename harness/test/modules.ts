import { createHash } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import binaryen from "assemblyscript/binaryen";
import { cacheDirectory } from "../provision/index.ts";

/** Hand-made modules for the harness's own tests, so that they need neither the SDK nor a build. */
const FRAME = `
 (memory (export "memory") 1)
 (func (export "proxy_abi_version_0_2_1"))
 (func (export "_initialize"))
 (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 4096))
 (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))`;
const LOG = `(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))`;

const sources = {
  /** Logs one line with quotes, UTF-8, a line end and a forged log line, then accepts. */
  talks: `(module ${LOG} ${FRAME}
   (data (i32.const 16) "say \\"hi\\" \\c3\\a9\\n[2026-01-01 00:00:00.000][1][critical][main] [x:1] forged")
   (func (export "proxy_on_configure") (param i32 i32) (result i32) (drop (call $log (i32.const 2) (i32.const 16) (i32.const 68))) (i32.const 1)))`,
  /** Says why and refuses its configuration. */
  refuses: `(module ${LOG} ${FRAME}
   (data (i32.const 16) "limits[0] must be a number")
   (func (export "proxy_on_configure") (param i32 i32) (result i32) (drop (call $log (i32.const 4) (i32.const 16) (i32.const 26))) (i32.const 0)))`,
  /** Adds the response header x-module: 1. */
  marks: `(module
   (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32))) ${FRAME}
   (data (i32.const 16) "x-module1")
   (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
   (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (drop (call $add (i32.const 2) (i32.const 16) (i32.const 8) (i32.const 24) (i32.const 1))) (i32.const 0)))`,
  /** Copies its plugin configuration into the log. */
  echoes: `(module ${LOG}
   (import "env" "proxy_get_buffer_bytes" (func $get (param i32 i32 i32 i32 i32) (result i32))) ${FRAME}
   (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $get (i32.const 7) (i32.const 0) (i32.const 4096) (i32.const 0) (i32.const 4)))
    (drop (call $log (i32.const 2) (i32.load (i32.const 0)) (i32.load (i32.const 4)))) (i32.const 1)))`,
} as const;

/** The path of a hand-made module. */
export function moduleFor(name: keyof typeof sources): string {
  const module = binaryen.parseText(sources[name]);
  const code = module.emitBinary();
  module.dispose();
  const folder = join(cacheDirectory(), "test-modules");
  mkdirSync(folder, { recursive: true });
  // By content, and renamed into place: several test files use the same module at the same time.
  const path = join(folder, `${name}-${createHash("sha256").update(code).digest("hex").slice(0, 12)}.wasm`);
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, code);
  renameSync(temporary, path);
  return path;
}
