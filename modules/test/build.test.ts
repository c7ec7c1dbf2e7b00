import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { MeshscriptError } from "../../diagnostics/index.ts";
import { type CompiledModule, buildModule, compile, compileModule, verifyModule } from "../index.ts";
import { type Project, filterWith, openProject } from "./project.ts";

// A release build takes two seconds alone and ten times that beside other tests on two cores.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const lifecycle = ["proxy_on_configure", "proxy_on_context_create", "proxy_on_delete", "proxy_on_vm_start"];

// The unchanged fixture, compiled once for all tests that only look at it: a release build takes seconds.
let plain: Project;
let hello: CompiledModule;

beforeAll(async () => {
  plain = await openProject("plain ");
  hello = await compileModule({ name: "hello", ...plain });
});

afterAll(() => plain[Symbol.asyncDispose]());

async function refusal(promise: Promise<unknown>): Promise<MeshscriptError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof MeshscriptError)) throw new Error(`expected a MeshscriptError, got ${String(error)}`);
  return error;
}

test("exports the lifecycle and exactly the callbacks that the filter's classes override, inherited ones included", () => {
  const { report, warnings } = hello;
  expect(report.callbacks).toEqual([...lifecycle, "proxy_on_log", "proxy_on_request_headers"].sort());
  expect(report.overrides).toContainEqual({ callback: "proxy_on_log", method: "onLog", class: "filters/hello/assembly/filter/Logged" });
  expect(report.imports).toEqual([{ module: "env", name: "proxy_log", signature: "(i32, i32, i32) -> i32" }]);
  expect(warnings).toEqual([]);
});

test("exports the answer to a callout as soon as the module makes one, in release and debug", async () => {
  await using project = await openProject();
  await project.edit("filter.ts", filterWith("httpCall();"));
  const { report, debug } = await compileModule({ name: "hello", ...project });
  expect(report.callbacks).toContain("proxy_on_http_call_response");
  expect(report.overrides.map((o) => o.callback)).toEqual(["proxy_on_request_headers"]);
  expect(verifyModule(debug, { overrides: ["proxy_on_request_headers"] })).toEqual([]);
});

test("takes onLogOnly of the root for proxy_on_log, and classes of the SDK's own or outside it for nothing", async () => {
  await using project = await openProject();
  const more = 'class Other extends RootContext { onLogOnly(): void { log("only"); } }\nclass Unrelated { onTick(): void {} }';
  await project.edit("filter.ts", filterWith("", more));
  const { report } = await compileModule({ name: "hello", ...project });
  expect(report.callbacks).toContain("proxy_on_log");
  expect(report.callbacks).not.toContain("proxy_on_response_trailers");
  expect(report.callbacks).not.toContain("proxy_on_tick");
});

test("writes release, debug, source maps and a report that matches the module", async () => {
  await using project = await openProject();
  const { files, report } = await buildModule({ name: "hello", ...project });
  const wasm = await readFile(files.wasm);
  expect((await readdir(path.join(project.baseDir, "build"))).sort()).toEqual(
    ["hello.debug.wasm", "hello.debug.wasm.map", "hello.report.json", "hello.wasm", "hello.wasm.map"].sort(),
  );
  expect(JSON.parse(await readFile(files.report, "utf8"))).toEqual(report);
  expect(report).toMatchObject({
    name: "hello",
    abi: "0.2.1",
    bytes: wasm.length,
    memory: { initialPages: 1 },
    builtWith: { sdk: "0.0.0-fixture" },
  });
  expect(report.sha256).toBe(createHash("sha256").update(wasm).digest("hex"));
  const compiled = new WebAssembly.Module(wasm);
  expect(WebAssembly.Module.exports(compiled).map((e) => e.name)).toEqual(report.exports.map((e) => e.name));
  expect(WebAssembly.Module.imports(compiled).map((i) => i.name)).toEqual(report.imports.map((i) => i.name));
});

test("keeps the name section in release builds, and asserts only in the debug one", () => {
  const { wasm, debug, report } = hello;
  expect(WebAssembly.Module.customSections(new WebAssembly.Module(wasm), "name")).toHaveLength(1);
  expect(report.functions.largest.map((f) => f.name).join()).toContain("proxy_on_request_headers");
  // String literals of AssemblyScript are UTF-16.
  const message = Buffer.from("so many", "utf16le");
  expect(Buffer.from(debug).includes(message)).toBe(true);
  expect(Buffer.from(wasm).includes(message)).toBe(false);
});

test("gives the same bytes in another folder and on a second run, source maps and report included", async () => {
  await using other = await openProject("the other folder, with spaces ");
  const [elsewhere, again] = await Promise.all([other, plain].map((project) => compileModule({ name: "hello", ...project })));
  expect(hello.wasm.length).toBeGreaterThan(1000);
  expect(elsewhere).toEqual(hello);
  expect(again).toEqual(hello);
  const everything = JSON.stringify(hello.report) + hello.sourceMap + hello.debugSourceMap + Buffer.from(hello.debug).toString("latin1");
  expect(everything).not.toContain(plain.baseDir);
});

test("is not moved by an asconfig.json in the user's folder", async () => {
  await using project = await openProject();
  await project.edit("../../../asconfig.json", '{ "options": { "runtime": "stub", "exportRuntime": true } }');
  const { report } = await compileModule({ name: "hello", ...project });
  expect(report).toEqual(hello.report);
  expect(report.exports.map((e) => e.name)).not.toContain("__new");
});

test("a type error names file, line and column and shows the line", async () => {
  await using project = await openProject();
  await project.edit("filter.ts", filterWith('const n: i32 = "seven";'));
  const error = await refusal(compileModule({ name: "hello", ...project }));
  expect(error.diagnostics).toHaveLength(1);
  expect(error.diagnostics[0]).toMatchObject({
    code: "MS0201",
    level: "error",
    location: { file: "filters/hello/assembly/filter.ts", line: 8, column: 20, length: 7, text: '    const n: i32 = "seven";' },
  });
  expect(error.message).toContain("is not assignable to type 'i32'");
});

test("what asc cannot do at all is a diagnostic, too, and ends nobody's process", async () => {
  const options = { baseDir: plain.baseDir, entries: [plain.entry], outFile: "x.wasm" };
  const runtime = await compile({ ...options, flags: ["--runtime", "nowhere"] });
  expect(runtime.diagnostics.map((d) => d.code)).toEqual(["MS0203"]);
  expect(runtime.diagnostics[0]?.message).toContain("nowhere");
  const nothing = await compile({ ...options, flags: ["--version"] });
  expect(nothing.diagnostics.map((d) => d.message)).toEqual(["asc ended without an error and without a module"]);
  expect(nothing.wasm).toBeUndefined();
});

test("names classes in messages without the path of their file", async () => {
  await using project = await openProject();
  await project.edit("filter.ts", filterWith("const h: Hello = new HelloRoot();"));
  const error = await refusal(compileModule({ name: "hello", ...project }));
  expect(error.diagnostics.map((d) => d.message)).toEqual(["Type 'HelloRoot' is not assignable to type 'Hello' (AS2322)"]);
});

test("a syntax error and an unknown import are diagnostics, too, and nothing is written", async () => {
  await using project = await openProject();
  await project.edit("filter.ts", `import { nothing } from "./nowhere";\n${filterWith("nothing(;")}`);
  const error = await refusal(buildModule({ name: "hello", ...project }));
  expect(error.diagnostics.every((d) => d.code === "MS0201" && d.location?.file === "filters/hello/assembly/filter.ts")).toBe(true);
  expect(error.diagnostics.map((d) => d.location?.line)).toContain(9);
  await expect(readdir(path.join(project.baseDir, "build"))).rejects.toThrow("ENOENT");
});

test("of a missing bracket only the first mistake is told: what is behind it follows from it", async () => {
  await using project = await openProject();
  await project.edit("filter.ts", filterWith("if (true) {"));
  const error = await refusal(buildModule({ name: "hello", ...project }));
  expect(error.diagnostics.map(({ code }) => code)).toEqual(["MS0201"]);
  expect(error.message).toMatch(/\(AS1\d\d\d\)/);
  await project.edit("filter.ts", filterWith("nope(); nope2();"));
  expect((await refusal(buildModule({ name: "hello", ...project }))).diagnostics).toHaveLength(2);
});

test("says which package is missing when the SDK is not installed, once", async () => {
  await using project = await openProject();
  await project.remove("node_modules");
  const error = await refusal(compileModule({ name: "hello", ...project }));
  expect(error.diagnostics.filter((d) => d.code === "MS0204")).toHaveLength(1);
  expect(error.message).toContain("npm install proxy-wasm-assemblyscript-sdk");
});

test("an entry that does not exist is one diagnostic with its path", async () => {
  await using project = await openProject();
  const error = await refusal(compileModule({ name: "hello", baseDir: project.baseDir, entry: "filters/nope/assembly/index.ts" }));
  expect(error.diagnostics).toHaveLength(1);
  expect(error.code).toBe("MS0205");
  expect(error.message).toContain("filters/nope/assembly/index.ts");
});

test("refuses what needs a JavaScript host, each with the user's line and what to use instead", async () => {
  await using project = await openProject();
  const uses = {
    "Math.random()": ["if (Math.random() > 0.5) return 1;", "env.seed", "random"],
    "Date.now()": ["if (Date.now() > 5) return 1;", "env.Date.now", "clock"],
    "console.log()": ['console.log("x");', "env.console.log", "log through the SDK"],
    "trace()": ['trace("x");', "env.trace", "log through the SDK"],
    "process.exit()": ["process.exit(1);", "env.process.exit", "local reply"],
  };
  const bodies = Object.values(uses).map(([body]) => body);
  await project.edit("filter.ts", filterWith(bodies.join("\n    ")));
  const { diagnostics } = await refusal(compileModule({ name: "hello", ...project }));
  expect(diagnostics.map((d) => d.code)).toEqual(Object.keys(uses).map(() => "MS0213"));
  Object.entries(uses).forEach(([feature, [body, imported = "", advice]], i) => {
    const found = diagnostics.find((d) => d.message.includes(imported));
    expect(found?.message).toContain(feature);
    expect(found?.location).toMatchObject({ file: "filters/hello/assembly/filter.ts", line: 8 + i, text: `    ${body}` });
    expect(found?.help).toContain(advice);
  });
});
