// What Envoy refuses to load, the host refuses, with Envoy's reason. Modules are written byte by byte: nothing stands between them and the checks.
import { describe, expect, test } from "vitest";
import { openHost } from "../index.ts";

type Type = readonly [params: readonly number[], results: readonly number[]];
const I32 = 0x7f;
const I64 = 0x7e;
const nothing: Type = [[], []];
const i = (count: number): Type => [Array(count).fill(I32) as number[], [I32]];

interface Outline {
  imports?: [module: string, name: string, type: Type][];
  exports: [name: string, type: Type][];
}

/** A module whose functions do nothing and answer 0 (1 from vm_start and configure). */
function moduleOf({ imports = [], exports }: Outline): Uint8Array {
  const all = [...imports.map(([, , type]) => type), ...exports.map(([, type]) => type)];
  const text = (value: string) => [value.length, ...Buffer.from(value)];
  const section = (id: number, ...items: number[][]) => {
    const body = [items.length, ...items.flat()];
    return [id, ...leb(body.length), ...body];
  };
  const types = all.map(([params, results]) => [0x60, params.length, ...params, results.length, ...results]);
  const bodies = exports.map(([name, [, results]]) => {
    const code = results.length === 0 ? [0, 0x0b] : [0, 0x41, /vm_start|configure/.test(name) ? 1 : 0, 0x0b];
    return [code.length, ...code];
  });
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, ...types),
    ...section(2, ...imports.map(([module, name], n) => [...text(module), ...text(name), 0, n])),
    ...section(3, ...exports.map((_, n) => [imports.length + n])),
    ...section(5, [0, 1]),
    ...section(7, ...exports.map(([name], n) => [...text(name), 0, imports.length + n]), [...text("memory"), 2, 0]),
    ...section(10, ...bodies),
  ]);
}

function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

const abi: [string, Type] = ["proxy_abi_version_0_2_1", nothing];
const malloc: [string, Type] = ["malloc", i(1)];
const load = (outline: Outline) => openHost({ plugins: [{ name: "raw", wasm: moduleOf(outline) }] });

describe("is loaded", () => {
  test("with a marker and an allocator, and nothing else", async () => {
    await using host = await load({ exports: [abi, malloc] });

    expect((await host.request()).status).toBe(200);
  });

  test("with the marker of ABI 0.2.0", async () => {
    await using host = await load({
      exports: [
        ["proxy_abi_version_0_2_0", nothing],
        ["proxy_on_memory_allocate", i(1)],
        ["proxy_on_configure", i(2)],
      ],
    });

    expect((await host.request()).status).toBe(200);
  });

  test("with functions of WASI under both of its names, and pthread_equal", async () => {
    await using host = await load({
      imports: [
        ["wasi_unstable", "fd_write", i(4)],
        ["wasi_snapshot_preview1", "clock_time_get", [[I32, I64, I32], [I32]]],
        ["wasi_snapshot_preview1", "sched_yield", i(0)],
        ["env", "pthread_equal", i(2)],
      ],
      exports: [abi, malloc],
    });

    expect((await host.request()).status).toBe(200);
  });
});

describe("is refused", () => {
  test.each<[string, Outline, RegExp]>([
    ["without a marker", { exports: [malloc] }, /Missing or unknown Proxy-Wasm ABI version/],
    ["with the marker of ABI 0.1.0", { exports: [["proxy_abi_version_0_1_0", nothing], malloc] }, /ABI 0\.1\.0 is not emulated/],
    ["without an allocator", { exports: [abi] }, /missing malloc function/],
    [
      "with an import that Envoy does not have",
      { imports: [["env", "Date.now", i(0)]], exports: [abi, malloc] },
      /missing import: env\.Date\.now/,
    ],
    [
      "with proxy_get_log_level under ABI 0.2.0",
      { imports: [["env", "proxy_get_log_level", i(1)]], exports: [["proxy_abi_version_0_2_0", nothing], malloc] },
      /missing import: env\.proxy_get_log_level/,
    ],
    [
      "with a host function of another type",
      { imports: [["env", "proxy_log", i(2)]], exports: [abi, malloc] },
      /import type mismatch: env\.proxy_log, want: \(i32, i32\) -> i32, but host exports: \(i32, i32, i32\) -> i32/,
    ],
    [
      "with a callback of another type",
      { exports: [abi, malloc, ["proxy_on_request_headers", i(2)]] },
      /Bad function signature for: proxy_on_request_headers/,
    ],
  ])("%s", async (_, outline, reason) => {
    await expect(load(outline)).rejects.toThrow(reason);
    await expect(load(outline)).rejects.toThrow(/MS0402: .*Unable to create Wasm plugin raw/);
  });

  test("what is no wasm at all, or not there", async () => {
    await expect(openHost({ plugins: [{ wasm: new Uint8Array([1, 2, 3]) }] })).rejects.toThrow(/Failed to load Wasm bytecode/);
    await expect(openHost({ plugins: [{ wasm: "no/such.wasm" }] })).rejects.toThrow(/Invalid path: .*no\/such\.wasm/);
  });
});
