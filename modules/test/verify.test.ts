import binaryen from "assemblyscript/binaryen";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hostFunctions, parseModule, verifyModule } from "../index.ts";

/** A module in text form that has all it needs, with more in it, or with parts taken out. */
function wat({ more = "", without = "" }: { more?: string; without?: string } = {}): string {
  const parts: Record<string, string> = {
    marker: '(func (export "proxy_abi_version_0_2_1"))',
    allocator: '(func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 1024))',
    initialize: '(func (export "_initialize"))',
    memory: '(memory (export "memory") 1)',
    start: '(func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))',
  };
  const kept = Object.keys(parts).filter((name) => name !== without);
  // Imports come before definitions in the text format.
  return `(module ${more} ${kept.map((name) => parts[name]).join("\n")})`;
}

function assemble(text: string): Uint8Array {
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.All);
  try {
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

const codes = (text: string, overrides?: string[]) => verifyModule(assemble(text), overrides ? { overrides } : {}).map((d) => d.code);
const good = assemble(wat({ more: '(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))' }));

test("finds nothing wrong with a module that has what it needs", () => {
  expect(verifyModule(good)).toEqual([]);
  expect(parseModule(good).exports.map((e) => e.name)).toContain("proxy_on_vm_start");
  expect(codes(wat({ more: '(func (export "anything_else") (param i64))' }))).toEqual([]);
});

const refused: [title: string, code: string, text: string, message: RegExp][] = [
  ["an import from an unknown module", "MS0211", wat({ more: '(import "host" "proxy_log" (func (param i32)))' }), /host\.proxy_log/],
  [
    "a host function that ABI 0.2.1 lacks",
    "MS0211",
    wat({ more: '(import "env" "proxy_clear_route_cache" (func (result i32)))' }),
    /proxy_clear_route_cache \(\) -> i32 is unknown/,
  ],
  [
    "a WASI function beyond those promised",
    "MS0211",
    wat({ more: '(import "wasi_snapshot_preview1" "path_open" (func (result i32)))' }),
    /path_open/,
  ],
  ["Object's own names as an import's module", "MS0211", wat({ more: '(import "constructor" "name" (func))' }), /constructor\.name/],
  ["Object's own names as imports", "MS0211", wat({ more: '(import "env" "constructor" (func))' }), /env\.constructor/],
  [
    "a host function with another signature",
    "MS0212",
    wat({ more: '(import "env" "proxy_set_property" (func (param i32 i32 i32) (result i32)))' }),
    /\(i32, i32, i32\) -> i32, Envoy's is \(i32, i32, i32, i32\) -> i32/,
  ],
  ["env.abort", "MS0213", wat({ more: '(import "env" "abort" (func (param i32 i32 i32 i32)))' }), /override of abort/],
  [
    "an imported memory",
    "MS0214",
    wat({ more: '(import "env" "memory" (memory $m 1)) (export "memory" (memory $m))', without: "memory" }),
    /env\.memory is a memory/,
  ],
  ["an imported global", "MS0214", wat({ more: '(import "env" "g" (global i32))' }), /env\.g is a global/],
  ["a start section", "MS0215", wat({ more: "(start $run) (func $run)" }), /start section/],
  ["a module without an ABI marker", "MS0216", wat({ without: "marker" }), /no ABI marker/],
  ["two ABI markers", "MS0217", wat({ more: '(func (export "proxy_abi_version_0_2_0"))' }), /0_2_0 .*0_2_1 is exported too/],
  [
    "an ABI version from the future",
    "MS0217",
    wat({ more: '(func (export "proxy_abi_version_9_9_9"))', without: "marker" }),
    /no ABI version that Envoy knows/,
  ],
  ["a module without an allocator", "MS0218", wat({ without: "allocator" }), /neither proxy_on_memory_allocate nor malloc/],
  ["a module without _initialize", "MS0219", wat({ without: "initialize" }), /no _initialize/],
  [
    "a callback with another signature",
    "MS0220",
    wat({ more: '(func (export "proxy_on_request_headers") (param i32 i32) (result i32) (i32.const 0))' }),
    /is \(i32, i32\) -> i32, Envoy calls it as \(i32, i32, i32\) -> i32/,
  ],
  ["a callback that is a global", "MS0220", wat({ more: '(global (export "proxy_on_log") i32 (i32.const 0))' }), /is a global/],
  ["a callback that no host calls", "MS0221", wat({ more: '(func (export "proxy_on_grpc_trailing_metadata"))' }), /never calls it/],
  ["v128 in an export", "MS0222", wat({ more: '(func (export "f") (param v128))' }), /export f has v128/],
  ["v128 in an import", "MS0222", wat({ more: '(import "env" "proxy_done" (func (result v128)))' }), /env\.proxy_done has v128/],
  ["externref in an export", "MS0222", wat({ more: '(func (export "f") (param externref))' }), /externref/],
  ["funcref in an export", "MS0222", wat({ more: '(func (export "f") (param funcref))' }), /funcref/],
  ["a memory that is not exported", "MS0223", wat({ more: "(memory 1)", without: "memory" }), /no memory named "memory"/],
  ["an exported mutable global", "MS0224", wat({ more: '(global (export "g") (mut i32) (i32.const 0))' }), /export g is a mutable global/],
  [
    "a callout whose answer nobody receives",
    "MS0227",
    wat({ more: '(import "env" "proxy_http_call" (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))' }),
    /proxy_http_call .* proxy_on_http_call_response/,
  ],
];

describe("refuses", () => {
  test.each(refused)("%s", (_title, code, text, message) => {
    const found = verifyModule(assemble(text), { file: "build/bad.wasm" });
    expect(found.map((d) => d.code)).toEqual([code]);
    expect(found[0]?.message).toMatch(message);
    expect(found[0]?.location?.file).toBe("build/bad.wasm");
    expect(found[0]?.help).not.toBe("");
  });
});

test("compares what classes override with what is exported, both ways", () => {
  const log = '(func (export "proxy_on_log") (param i32))';
  expect(codes(wat({ more: log }), ["proxy_on_log"])).toEqual([]);
  expect(codes(wat(), ["proxy_on_log"])).toEqual(["MS0225"]);
  expect(codes(wat({ more: log }), [])).toEqual(["MS0226"]);
  expect(verifyModule(assemble(wat()), { overrides: ["proxy_on_log"] })[0]?.message).toBe(
    "onLog or onLogOnly is overridden but proxy_on_log is not exported",
  );
});

test("knows that a callout needs its answer exported although nothing overrides it", () => {
  const more = `(import "env" "proxy_http_call" (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32))`;
  expect(codes(wat({ more }), [])).toEqual([]);
});

test("guesses what a mistyped name was meant to be", () => {
  const help = (more: string) => verifyModule(assemble(wat({ more })))[0]?.help;
  expect(help('(import "env" "proxy_logg" (func))')).toBe("did you mean env.proxy_log?");
  expect(help('(func (export "proxy_on_request_header") (param i32))')).toBe("did you mean proxy_on_request_headers?");
  expect(help('(import "env" "wholly_different" (func))')).toContain("Envoy refuses a module");
});

test("reports all findings of a module at once", () => {
  const more = '(import "env" "nothing" (func)) (import "env" "seed" (func (result f64))) (start $run) (func $run)';
  expect(codes(wat({ more, without: "marker" })).sort()).toEqual(["MS0211", "MS0213", "MS0215", "MS0216"]);
});

test("accepts every host function with the ABI's own signature", () => {
  const imports = Object.entries(hostFunctions).map(([name, signature]) => {
    const params = /\((.*?)\)/.exec(signature)?.[1]?.replaceAll(",", "") ?? "";
    return `(import "env" "${name}" (func ${params === "" ? "" : `(param ${params})`} (result i32)))`;
  });
  expect(imports).toHaveLength(39);
  expect(codes(wat({ more: imports.join("\n"), without: "" })).filter((code) => code !== "MS0227")).toEqual([]);
});

test("a file that cannot be read is one diagnostic with its path", () => {
  const found = verifyModule("no/such/module.wasm");
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({ code: "MS0205", location: { file: "no/such/module.wasm" } });
  expect(found[0]?.message).toBe("no/such/module.wasm cannot be read: no such file");
});

describe("bytes that are no module", () => {
  const cases: [string, Uint8Array, RegExp][] = [
    ["nothing", new Uint8Array(), /shorter than/],
    ["text", new TextEncoder().encode("(module (func))"), /magic/],
    ["a component", Uint8Array.of(0, 0x61, 0x73, 0x6d, 13, 0, 1, 0), /component/],
    ["a header alone", good.slice(0, 8), /./],
    ["half a module", good.slice(0, good.length >> 1), /cut off|announced/],
    [
      "a forged count",
      Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 0xff, 0xff, 0xff, 0xff, 0x0f),
      /4294967295 types announced in 0 bytes/,
    ],
  ];
  test.each(cases)("%s: one diagnostic that says why", (title, bytes, reason) => {
    const found = verifyModule(bytes);
    if (title === "a header alone") {
      expect(found.map((d) => d.code)).toEqual(["MS0216", "MS0218", "MS0219", "MS0223"]);
      return;
    }
    expect(found.map((d) => d.code)).toEqual(["MS0210"]);
    expect(found[0]?.message).toMatch(reason);
  });

  test("however a module is mutated, it is judged without an exception, and never accepted when V8 refuses it", () => {
    const at = fc.nat(good.length - 1);
    const edits = fc.array(fc.tuple(at, fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(edits, fc.option(at, { nil: good.length }), (changes, length) => {
        const bytes = good.slice(0, length);
        for (const [offset, value] of changes) if (offset < bytes.length) bytes[offset] = value;
        const found = verifyModule(bytes);
        for (const d of found) expect(d.message).not.toBe("");
        if (found.some((d) => d.code === "MS0210")) expect(found).toHaveLength(1);
        else expect(WebAssembly.validate(bytes)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});
