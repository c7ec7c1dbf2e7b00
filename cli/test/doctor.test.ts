import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Category } from "../doctor/check.ts";
import { atLeast, patchFor } from "../doctor/versions.ts";
import { cli, root } from "./support.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "meshscript-doctor-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Answer {
  success: boolean;
  categories: Category[];
}

/** Checks by result, from `--json`. */
async function checks(setting: Parameters<typeof cli>[1] = {}) {
  const { code, stdout, stderr } = await cli(["doctor", "-o", "json"], { cwd: folder, ...setting });
  const answer = JSON.parse(stdout) as Answer;
  const all = answer.categories.flatMap((category) => category.checks);
  return { code, stderr, answer, of: (result: string) => all.filter((check) => check.result === result) };
}

/** A script in the place of Envoy. */
async function fakeEnvoy(body: string): Promise<string> {
  const path = join(folder, "envoy");
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

const VERSION = "echo 'envoy  version: 0123abcd/1.40.0/Clean/RELEASE/BoringSSL'; exit 0";

test("a machine on which all is well", async () => {
  const { code, stdout, stderr } = await cli(["doctor"], { cwd: folder });
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.not.stringMatching(/[×‼]/) });
  expect(stdout).toMatch(/^system\n------\n√ Node is \d+/);
  for (const line of [
    /√ func-e is at /,
    /√ Envoy 1\.\d+\.\d+ is at /,
    /√ Envoy runs WebAssembly \(a minimal module, /,
    /√ Envoy starts and answers a request \(ready after /,
  ])
    expect(stdout).toMatch(line);
  expect(stderr).toMatch(/^\d+ ok in \d+\.\d\d s\n$/);
});

test("as data, in linkerd's shape", async () => {
  const { code, answer, of } = await checks();
  expect({ code, success: answer.success }).toEqual({ code: 0, success: true });
  expect(answer.categories.map(({ categoryName }) => categoryName)).toEqual(["system", "envoy", "installers", "modules"]);
  expect(of("success").length).toBeGreaterThan(8);
  expect((await cli(["doctor", "--json"], { cwd: folder })).stdout).toContain('"categoryName": "envoy"');
});

test("a cache that cannot be written is a failed check, and Envoy is not looked at", async () => {
  await writeFile(join(folder, "file"), "");
  const cache = join(folder, "file/cache");
  const { code, stderr, answer, of } = await checks({ env: { MESHSCRIPT_CACHE: cache } });
  expect({ code, stderr, success: answer.success }).toEqual({ code: 69, stderr: "", success: false });
  expect(of("error")).toEqual([
    {
      description: "cache is writable",
      result: "error",
      error: `the cache ${cache} cannot be written: a part of the path is a file`,
      hint: "set MESHSCRIPT_CACHE to a folder that can (docs/errors/MS0304.md)",
    },
  ]);
  expect(of("skipped").map(({ error }) => error)).toEqual(Array(3).fill("the cache cannot be written"));
  expect((await cli(["doctor"], { cwd: folder, env: { MESHSCRIPT_CACHE: cache } })).code).toBe(69);
});

describe("an Envoy that", () => {
  test("does not run at all", async () => {
    const { code, answer, of } = await checks({ env: { ENVOY_PATH: await fakeEnvoy("echo no such library >&2; exit 127") } });
    expect({ code, success: answer.success }).toEqual({ code: 69, success: false });
    expect(of("error")).toEqual([
      expect.objectContaining({
        description: "Envoy can be run",
        error: expect.stringContaining("no such library"),
        hint: expect.stringContaining("MS0302"),
      }),
    ]);
    expect(of("skipped").map(({ description }) => description)).toEqual(["Envoy runs WebAssembly", "Envoy starts and answers a request"]);
  });

  test("has no wasm runtime and does not start", async () => {
    const path = await fakeEnvoy(`case "$*" in *--version*) ${VERSION};; esac\necho "error: no runtime" >&2; exit 1`);
    const { code, stdout, stderr } = await cli(["doctor"], { cwd: folder, env: { ENVOY_PATH: path } });
    expect(code).toBe(69);
    expect(stdout).toMatch(/× Envoy runs WebAssembly\n {4}.*no runtime\n {4}hint: use an Envoy with the runtime envoy\.wasm\.runtime\.v8/);
    expect(stdout).toMatch(/× Envoy starts and answers a request\n {4}Envoy did not start/);
    expect(stderr).toMatch(/, 2 failed in /);
  });

  test("is old: a warning, exit by the other checks", async () => {
    const path = await fakeEnvoy(`case "$*" in *--version*) ${VERSION.replace("1.40.0", "1.38.3")};; esac\nexit 1`);
    const { of } = await checks({ env: { ENVOY_PATH: path } });
    expect(of("warning")).toContainEqual({
      description: "Envoy has the known security fixes",
      result: "warning",
      error: "Envoy is 1.38.3",
      hint: "use Envoy 1.38.4 or newer",
    });
  });
});

describe("modules in build/", () => {
  beforeEach(async () => {
    await mkdir(join(folder, "build"));
    for (const suffix of [".wasm", ".wasm.map"]) await cp(join(root, `build/tracing${suffix}`), join(folder, `build/tracing${suffix}`));
  });

  test("are right, and up to date when no source differs", async () => {
    const { code, of } = await checks();
    expect(code).toBe(0);
    expect(of("success")).toContainEqual({
      description: expect.stringMatching(/^build\/tracing\.wasm is right and up to date \(\d/),
      result: "success",
    });
  });

  test("are stale when a source differs in content, not when it is younger", async () => {
    const source = "filters/tracing/assembly/index.ts";
    const map = JSON.parse(await readFile(join(folder, "build/tracing.wasm.map"), "utf8")) as {
      sources: string[];
      sourcesContent: string[];
    };
    await mkdir(join(folder, "filters/tracing/assembly"), { recursive: true });
    await writeFile(join(folder, source), map.sourcesContent[map.sources.indexOf(source)] ?? "");
    expect((await checks()).of("warning")).toEqual([]);
    await writeFile(join(folder, source), "// changed");
    const { code, of } = await checks();
    expect(code).toBe(0);
    expect(of("warning")).toEqual([
      {
        description: "build/tracing.wasm is up to date",
        result: "warning",
        error: `${source} is not what it was built from`,
        hint: "meshscript build",
      },
    ]);
  });

  test("are refused when Envoy would refuse them; a filter without a module is a warning", async () => {
    await writeFile(join(folder, "build/broken.wasm"), "no wasm");
    await mkdir(join(folder, "filters/hello/assembly"), { recursive: true });
    await writeFile(join(folder, "filters/hello/assembly/index.ts"), "");
    const { code, of } = await checks();
    expect(code).toBe(69);
    expect(of("error")).toEqual([
      expect.objectContaining({ error: expect.stringContaining("MS0210"), hint: "meshscript verify build/broken.wasm" }),
    ]);
    expect(of("warning")).toEqual([expect.objectContaining({ description: "build/hello.wasm is built" })]);
  });
});

test.each([
  ["1.40.0", undefined],
  ["1.40.3", undefined],
  ["1.41.0-dev", undefined],
  ["2.0.0", undefined],
  ["1.39.0", "1.39.1"],
  ["1.38.4", undefined],
  ["1.36.9", "1.36.10"],
  ["1.36.10", undefined],
  ["1.35.99", "1.40.0"],
])("Envoy %s needs %s", (version, needed) => {
  expect(patchFor(version)).toBe(needed);
});

test("versions compare by number", () => {
  expect([
    atLeast("20.19.0", "20.19.0"),
    atLeast("20.9.0", "20.19.0"),
    atLeast("22.0.0", "20.19.0"),
    atLeast("18.99.0", "20.19.0"),
  ]).toEqual([true, false, true, false]);
});
