import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MeshscriptError } from "../../diagnostics/index.ts";
import { CompilerThread } from "../asc/run.ts";
import { DebugCompiler, compileModule } from "../index.ts";
import { type Project, filterWith, openProject } from "./project.ts";

vi.setConfig({ testTimeout: 120_000 });

let project: Project;
let compiler: DebugCompiler;
beforeEach(async () => {
  project = await openProject();
  compiler = new DebugCompiler(project.baseDir);
});
afterEach(async () => {
  await compiler.close();
  await project[Symbol.asyncDispose]();
});

const compile = () => compiler.compile("hello", project.entry);

test("a warm compiler gives the bytes of a cold one, also after an error and after other sources", async () => {
  const cold = await compileModule({ name: "hello", ...project });
  const first = await compile();
  await project.edit("filter.ts", filterWith("nonsense();"));
  const error = await compile().catch((reason: unknown) => reason);
  await project.edit("filter.ts", filterWith("httpCall();"));
  const other = await compile();
  await project.edit("filter.ts", filterWith(""));
  const again = await compile();

  expect(error).toBeInstanceOf(MeshscriptError);
  expect((error as MeshscriptError).diagnostics[0]).toMatchObject({
    level: "error",
    location: { file: "filters/hello/assembly/filter.ts" },
  });
  expect(Buffer.from(first.wasm).equals(cold.debug)).toBe(true);
  expect(first.sourceMap).toBe(cold.debugSourceMap);
  expect(Buffer.from(other.wasm).equals(first.wasm)).toBe(false);
  await project.edit("filter.ts", filterWith(""));
  expect(Buffer.from(again.wasm).equals((await compileModule({ name: "hello", ...project })).debug)).toBe(true);
});

test("names the sources that were read, without those of packages, also of a run that failed", async () => {
  await compile();
  expect([...compiler.sources].sort()).toEqual(["filters/hello/assembly/filter.ts", "filters/hello/assembly/index.ts"]);
  await project.edit("helper.ts", "export const broken: i32 = true ? : 1;");
  await project.edit("filter.ts", `import { broken } from "./helper";\n${filterWith("")}`);
  await expect(compile()).rejects.toThrow(MeshscriptError);
  expect(compiler.sources).toContain("filters/hello/assembly/helper.ts");
});

test("runs come one after the other, and a thread that crashes is replaced", async () => {
  const thread = new CompilerThread();
  const request = {
    baseDir: project.baseDir,
    entries: ["none.ts"],
    flags: ["--outFile", "x.wasm"],
    virtualFiles: { "none.ts": "export const one = 1;" },
  };
  const [good, crashed, better] = await Promise.all([thread.run(request), thread.run({} as never), thread.run(request)]);
  await thread.close();

  expect(good.failure).toBeNull();
  expect(crashed.failure).toMatch(/TypeError/);
  expect(better.failure).toBeNull();
  expect(better.files["x.wasm"]).toEqual(good.files["x.wasm"]);
});
