import fc from "fast-check";
import { beforeAll, describe, expect, test, vi } from "vitest";
import {
  Backtraces,
  type Frame,
  Symbolizer,
  type TracedFrame,
  compile,
  debugFlags,
  parseModule,
  placeOf,
  releaseFlags,
  symbolize,
} from "../index.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

/** Each exported function traps in the line that its name marks. */
const source = `
import "proxy-wasm-assemblyscript-sdk/assembly/abi/abort";
class Animal { name: string = "a"; }
class Cat extends Animal { lives: i32 = 9; }
let none: Cat | null = null;
let list: i32[] = [1, 2, 3];
let fixed: StaticArray<i32> = [1, 2, 3];
let zero: i32 = 0;
function half(n: i32): i32 {
  const twice = n * 2;
  return twice / zero; // trap: inlined
}
function deep(n: i32): i32 {
  if (n > 1000000) return n;
  return deep(n + 1) + deep(n + 2); // trap: recursion
}
function noise(): void {
  for (let i = 0; i < 10; i++) list.push(i);
}
export function divide(): i32 {
  noise();
  return 7 / zero; // trap: divide
}
export function overflow(): i32 {
  noise();
  return i32.MIN_VALUE / (zero - 1); // trap: overflow
}
export function inlined(): i32 {
  noise();
  return half(7) + 1;
}
export function arrayBounds(): i32 {
  noise();
  return list[99999 + zero]; // trap: arrayBounds
}
export function fixedBounds(): i32 {
  noise();
  return fixed[99 + zero]; // trap: fixedBounds
}
export function memoryAccess(): i32 {
  noise();
  return load<i32>(0xfffffff0 + zero); // trap: memoryAccess
}
export function giveUp(): i32 {
  noise();
  if (zero == 0) unreachable(); // trap: giveUp
  return 1;
}
export function aborts(): i32 {
  noise();
  if (zero == 0) throw new Error("no"); // trap: aborts
  return 2;
}
// A release module does not check these two (--noAssert).
export function nullReference(): i32 {
  noise();
  return none!.lives; // trap: nullReference
}
export function cast(): i32 {
  noise();
  const animal: Animal = zero == 0 ? new Animal() : new Cat();
  return (<Cat>animal).lives; // trap: cast
}
export function recursion(): i32 {
  return deep(zero);
}
`;

const lines = source.split("\n");
const markedLine = (name: string) => lines.findIndex((line) => line.endsWith(`// trap: ${name}`)) + 1;

interface Build {
  symbolizer: Symbolizer;
  /** What a trap in an export leaves behind, innermost first. */
  trap(name: string): Frame[];
  /** Names and places of functions, as backtraces have them. */
  functions: { name: string; start: number; end: number }[];
}

const builds = new Map<string, Build>();
const built = (name: string): Build => builds.get(name) ?? expect.fail(`no build ${name}`);

async function build(flags: readonly string[], file: string): Promise<Build> {
  const compiled = await compile({ baseDir: ".", entries: [file], virtualFiles: { [file]: source }, outFile: "traps.wasm", flags });
  expect(compiled.diagnostics.filter(({ level }) => level === "error")).toEqual([]);
  const wasm = compiled.wasm ?? new Uint8Array();
  const outline = parseModule(wasm);
  const symbolizer = new Symbolizer(outline, compiled.sourceMap);
  return {
    symbolizer,
    functions: outline.functions,
    trap(name) {
      const env = { proxy_log: () => 0 };
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>), { env });
      const call = (each: string) => (exports[each] as () => void)();
      call("_initialize");
      try {
        call(name);
      } catch (error) {
        const places = (error as Error).stack?.matchAll(/wasm-function\[(\d+)\]:0x([0-9a-f]+)/g) ?? [];
        return [...places].map(([, index, offset = ""]) => symbolizer.frame(Number.parseInt(offset, 16), Number(index)));
      }
      return expect.fail(`${name} did not trap`);
    },
  };
}

beforeAll(async () => {
  builds.set("release", await build(releaseFlags, "traps.ts"));
  builds.set("debug", await build(debugFlags, "traps.ts"));
});

/** The innermost place in the project's own source: what a person looks for first. */
function own(frames: readonly Frame[]): string | undefined {
  const places = frames.flatMap(({ source: place, near }) => [place, near]).filter((place) => place !== undefined);
  const first = places.find(({ file }) => !file.startsWith("~lib/"));
  return first && `${first.file}:${first.line}`;
}

const traps = ["divide", "overflow", "inlined", "arrayBounds", "fixedBounds", "memoryAccess", "giveUp", "aborts", "recursion"];
const cases = ["release", "debug"].flatMap((name) =>
  [...traps, ...(name === "debug" ? ["nullReference", "cast"] : [])].map((trap) => [name, trap]),
);

describe.each(cases)("a trap in a %s module", (name, trap) => {
  test(`names the line: ${trap}`, () => {
    const frames = built(name).trap(trap);
    expect(own(frames)).toBe(`traps.ts:${markedLine(trap)}`);
    expect(frames[0]?.name).not.toMatch(/^wasm-function/);
  });
});

test("says in a debug module which line called, and in a release module where merged code is", () => {
  const [half, caller] = built("debug").trap("inlined");
  expect([half?.name, caller?.name]).toEqual(["traps/half", "traps/inlined"]);
  expect(caller?.source?.line).toBe(lines.indexOf("  return half(7) + 1;") + 1);
  expect(built("release").trap("inlined")[0]).toMatchObject({ name: "traps/inlined", source: { line: markedLine("inlined") } });
});

test("shows the line of the project beside the line of a library that was merged into it", () => {
  const frame = built("release")
    .trap("arrayBounds")
    .find(({ near }) => near !== undefined);
  expect(frame?.source?.file).toMatch(/^~lib\//);
  expect(frame && placeOf(frame)).toMatch(new RegExp(`^~lib/.*:\\d+:\\d+ near traps\\.ts:${markedLine("arrayBounds")}:\\d+$`));
});

describe("without what it needs, names what it can", () => {
  const module = () => parseModule(Buffer.from("0061736d01000000010401600000030201000a05010300000b", "hex"));
  test.each([[undefined], ["{"], ["null"], ["[]"], ["{}"], ['{"version":3,"sources":[],"mappings":""}']])("source map %s", (map) => {
    const symbolizer = new Symbolizer(module(), map);
    expect(symbolizer.frame(22)).toEqual({ offset: 22, name: "wasm-function[0]", source: undefined });
    expect(symbolizer.frame(9_999)).toEqual({ offset: 9_999, name: "wasm-function[?]", source: undefined });
    expect(symbolizer.frame(9_999, 7).name).toBe("wasm-function[7]");
    expect(symbolizer.mapped).toBe(map === '{"version":3,"sources":[],"mappings":""}');
    expect(symbolizer.fits(22, "unknown(function index:0)")).toBe(true);
    expect(symbolizer.fits(22, "unknown(function index:1)")).toBe(false);
  });
});

/** Lines as Envoy writes them for a trap in an export. */
function backtrace(name: string, trap: string): string[] {
  const frames = built(name).trap(trap);
  return [
    `[2026-11-22 16:55:40.499][23876][error][wasm] [source/extensions/common/wasm/wasm_vm.cc:38] Function: ${trap} failed: Uncaught RuntimeError: x`,
    "Proxy-Wasm plugin in-VM backtrace:",
    ...frames.map((frame, i) => `${String(i).padStart(3)}:  0x${frame.offset.toString(16)} - ${frame.name}`),
  ];
}

const modules = (...names: string[]) => names.map((file) => ({ file, symbolizer: built(file).symbolizer }));

describe("symbolize", () => {
  test("puts places behind the lines of a backtrace, and leaves the rest", () => {
    const log = ["[info] before", ...backtrace("debug", "inlined"), "[info] after", ""];
    const out = symbolize(log.join("\n"), modules("debug")).split("\n");
    expect(out[3]).toBe(`${log[3]} (traps.ts:${markedLine("inlined")}:10)`);
    expect(out[4]).toMatch(/ - traps\/inlined \(traps\.ts:\d+:10\)$/);
    expect(out.toSpliced(3, 2)).toEqual(log.toSpliced(3, 2));
  });

  test.each([
    ["a container runtime's prefix", (line: string) => `envoy-1  | ${line}`],
    ["blanks at the end", (line: string) => `${line}  `],
    ["the other end of line", (line: string) => `${line}\r`],
  ])("knows them behind %s", (_, change) => {
    const log = backtrace("release", "divide").map(change);
    const out = symbolize(log.join("\n"), modules("release"));
    expect(out).toContain(`traps/divide (traps.ts:${markedLine("divide")}:10)`);
    expect(out.replace(/ \(traps[^)]*\)/g, "")).toBe(log.join("\n"));
  });

  test("knows them in a message that is escaped as JSON, inside a JSON log too", () => {
    const place = `traps/divide (traps.ts:${markedLine("divide")}:10)`;
    const escaped = backtrace("release", "divide").join("\\n");
    expect(symbolize(escaped, modules("release"))).toBe(escaped.replace("traps/divide", place));
    const json = `{"level":"error","msg":"${escaped}","scope":"envoy"}`;
    expect(symbolize(json, modules("release"))).toBe(json.replace("traps/divide", place));
  });

  test("finds the module of each backtrace", () => {
    const seen: TracedFrame[] = [];
    const traces = new Backtraces(modules("debug", "release"), (frame) => seen.push(frame));
    for (const line of [...backtrace("release", "divide"), ...backtrace("debug", "inlined")]) traces.line(line);
    expect(seen.map(({ module, depth }) => [module, depth])).toEqual([
      ["release", 0],
      ["debug", 0],
      ["debug", 1],
    ]);
  });

  test("leaves a backtrace of no module as it is, and tells", () => {
    const seen: TracedFrame[] = [];
    const traces = new Backtraces(modules("release"), (frame) => seen.push(frame));
    const log = [...backtrace("debug", "divide"), "  1:  0xfffffff0 - traps/divide", "  2:  0x1 - unknown(function index:99999)"];
    expect(log.map((line) => traces.line(line))).toEqual(log);
    expect(seen.map(({ module }) => module)).toEqual([undefined, undefined, undefined]);
  });

  test("leaves a line alone that has its place already, as those of the in-process host", () => {
    const once = symbolize(backtrace("release", "arrayBounds").join("\n"), modules("release"));
    expect(once).toMatch(/near traps\.ts:\d+:\d+\)/);
    expect(symbolize(once, modules("release"))).toBe(once);
  });

  test("never throws, only adds, and adds nothing to other lines", () => {
    const { functions } = built("release");
    const frame = fc
      .record({
        depth: fc.nat(12),
        at: fc.nat(functions.length - 1),
        shift: fc.integer({ min: -3, max: 40 }),
        other: fc.option(fc.string(), { freq: 3 }),
        end: fc.constantFrom("", " ", "\r", "\\n", '"', " (a:1:2)"),
      })
      .map(({ depth, at, shift, other, end }) => {
        const f = functions[at];
        return `${depth}:  0x${Math.max(0, (f?.start ?? 0) + shift).toString(16)} - ${other ?? f?.name}${end}`;
      });
    const line = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      frame,
      fc.tuple(fc.string(), frame, frame, fc.string()).map((all) => all.join("\\n")),
    );
    fc.assert(
      fc.property(fc.array(line), (log) => {
        const before = log.join("\n");
        const after = symbolize(before, modules("debug", "release"));
        expect(after.split("\n")).toHaveLength(before.split("\n").length);
        before.split("\n").forEach((text, i) => {
          const out = after.split("\n")[i] ?? "";
          if (!/\d: {2}0x[0-9a-f]+ - /.test(text)) expect(out).toBe(text);
          expect(isWithin(text, out)).toBe(true);
        });
        expect(symbolize(after, modules("debug", "release"))).toBe(after);
      }),
      { numRuns: 500 },
    );
  });

  test("a frame that has its place still tells which module the others are of", () => {
    const { functions } = built("release");
    expect(functions.length).toBeGreaterThan(0);
    const text = "0:  0x4f0 - ~lib/rt/tlsf/removeBlock\\n1:  0x13b - traps/noise";
    const once = symbolize(text, modules("debug", "release"));

    expect(symbolize(once, modules("debug", "release"))).toBe(once);
  });
});

/** Whether the characters of a text stand in another in their order. */
function isWithin(text: string, other: string): boolean {
  let at = 0;
  for (const unit of other) if (text.startsWith(unit, at)) at += unit.length;
  return at === text.length;
}
