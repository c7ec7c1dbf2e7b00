import type { CodeEntry } from "../code-entry.ts";

/** MS02xx: building wasm modules (020x) and judging them (021x, 022x). */
export const modules = {
  MS0201: {
    level: "error",
    title: "AssemblyScript error",
    help: "mend the marked line; AssemblyScript is stricter than TypeScript (an override lists every parameter, no closures, no `any`)",
    kind: "data",
  },
  MS0202: { level: "warning", title: "AssemblyScript warning", help: "look at the marked line", kind: "data" },
  MS0203: {
    level: "error",
    title: "AssemblyScript compiler failure",
    help: "undo the last change to find the construct that asc cannot take, and report it if it is valid AssemblyScript",
    kind: "internal",
  },
  MS0204: {
    level: "error",
    title: "SDK not found",
    help: "run `npm install proxy-wasm-assemblyscript-sdk` in the project's folder",
    kind: "environment",
  },
  MS0205: { level: "error", title: "unreadable file", help: "check the path", kind: "data" },
  MS0206: {
    level: "error",
    title: "SDK without a needed export",
    help: "install the version of proxy-wasm-assemblyscript-sdk that this meshscript was made with",
    kind: "environment",
  },
  MS0207: {
    level: "error",
    title: "no filter to build",
    help: "run it in a filter's folder or in one with filters/NAME; `meshscript new NAME` makes one",
    kind: "data",
  },
  MS0208: {
    level: "error",
    title: "an output folder that cannot be written",
    help: "choose another one",
    kind: "environment",
    details:
      "The folder that modules go to cannot be made, or nothing can be written to it: a file is in the way, a permission is missing, the file system is read-only or full. Or a folder has the name of a file that goes there.",
  },
  MS0210: { level: "error", title: "not a wasm module", help: "build the module anew", kind: "data" },
  MS0211: {
    level: "error",
    title: "unknown import",
    help: "Envoy refuses a module with an import that it does not have: remove the @external declaration, or use the SDK's function",
    kind: "data",
    details:
      "A module asks its host for functions by name. Envoy has those of proxy-wasm ABI 0.2.1 and a part of WASI; with any other import it refuses the whole module.",
  },
  MS0212: {
    level: "error",
    title: "import with a wrong signature",
    help: "declare the function as ABI 0.2.1 does, or use the SDK's",
    kind: "data",
  },
  MS0213: { level: "error", title: "AssemblyScript feature without a host", help: "use the SDK's counterpart", kind: "data" },
  MS0214: { level: "error", title: "import that is no function", help: "define it in the module", kind: "data" },
  MS0215: {
    level: "error",
    title: "start section",
    help: "build with `--exportStart _initialize`: a start section runs before the host can answer calls",
    kind: "data",
    details: "A start section runs while the module is made, before Envoy can answer calls: a log or a property read there ends the VM.",
  },
  MS0216: {
    level: "error",
    title: "no ABI marker",
    help: "export the function proxy_abi_version_0_2_1: Envoy refuses a module without it",
    kind: "data",
  },
  MS0217: { level: "error", title: "wrong ABI marker", help: "export proxy_abi_version_0_2_1 and no other marker", kind: "data" },
  MS0218: {
    level: "error",
    title: "no allocator",
    help: "export proxy_on_memory_allocate: without it every host call that returns bytes fails",
    kind: "data",
  },
  MS0219: {
    level: "error",
    title: "no _initialize",
    help: "build with `--exportStart _initialize`: without it globals are never set and memory is silently corrupted",
    kind: "data",
    details:
      "AssemblyScript puts the initial values of globals into `_initialize`. When nobody calls it, the memory manager starts with zeros and overwrites data later, far from the cause.",
  },
  MS0220: { level: "error", title: "export with a wrong signature", help: "give the export the type that ABI 0.2.1 names", kind: "data" },
  MS0221: { level: "error", title: "unknown callback", help: "remove the export, or give it the name of a callback", kind: "data" },
  MS0222: {
    level: "error",
    title: "type that ends Envoy's process",
    help: "only i32, i64, f32 and f64 may cross between module and host; keep others inside the module",
    kind: "data",
    details: "A v128 in a signature crosses V8's C API, which ends the process. Inside the module it is harmless.",
  },
  MS0223: { level: "error", title: "memory not exported", help: "build without `--noExportMemory` and `--importMemory`", kind: "data" },
  MS0224: { level: "error", title: "mutable global exported", help: "do not export `let` variables from a module's entry", kind: "data" },
  MS0225: {
    level: "error",
    title: "overridden callback not exported",
    help: "export the callback from the entry, or let `npm run build` generate the entry",
    kind: "data",
  },
  MS0226: {
    level: "error",
    title: "callback exported for nothing",
    help: "remove the export: each costs the host a call per stream",
    kind: "data",
    details: "Envoy calls what a module exports. A callback that does nothing costs a switch into the VM per stream.",
  },
  MS0227: {
    level: "error",
    title: "answer without a receiver",
    help: "export the callback, or the answer is dropped and the stream that waits for it hangs",
    kind: "data",
  },
  MS0228: {
    level: "error",
    title: "no source map",
    help: "`npx meshscript build` writes FILE.wasm.map beside FILE.wasm: keep the two together, of the same build",
    kind: "data",
    details: "A backtrace has byte offsets only. The source map says which line each of them is.",
  },
  MS0229: {
    level: "warning",
    title: "backtrace of another module",
    help: "give the very module that Envoy ran: in another build the same code lies elsewhere",
    kind: "data",
    details:
      "A line of a backtrace belongs to a module when the function around its offset has the name in the line. No module that was given has it, so a place in the source would be a guess.",
  },
} as const satisfies Record<string, CodeEntry>;
