import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cacheDirectory, minimalModule } from "../../harness/index.ts";
import { cli, root } from "./support.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "meshscript-verify-"));
  await writeFile(join(folder, "good.wasm"), minimalModule);
  // Without its ABI marker: same length, so that the module stays one.
  await writeFile(
    join(folder, "bad.wasm"),
    Buffer.from(minimalModule.toString("latin1").replace("proxy_abi_version_0_2_1", "proxy_abi_version_9_9_9"), "latin1"),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("verify", () => {
  test("says so when there is nothing to find", async () => {
    const ran = await cli(["verify", "good.wasm", join(root, "build/tracing.wasm")], { cwd: folder });
    expect(ran).toMatchObject({ code: 0, stdout: "" });
    expect(ran.stderr).toMatch(/^√ good\.wasm: 0\.2 KiB, 3 callbacks, no findings\n√ .*tracing\.wasm: /);
  });

  test("prints findings on stdout and exits 79", async () => {
    const { code, stdout, stderr } = await cli(["verify", "good.wasm", "bad.wasm"], { cwd: folder });
    expect(code).toBe(79);
    expect(stdout).toMatch(/^bad\.wasm: error MS0217: /m);
    expect(stderr).toMatch(/^√ good\.wasm/);
  });

  test("as data", async () => {
    const { code, stdout } = await cli(["verify", "good.wasm", "bad.wasm", "--json"], { cwd: folder });
    expect(code).toBe(79);
    const answer = JSON.parse(stdout) as { success: boolean; modules: object[]; diagnostics: { code: string }[] };
    expect(answer).toMatchObject({
      success: false,
      modules: [
        { file: "good.wasm", success: true },
        { file: "bad.wasm", success: false },
      ],
    });
    expect(answer.diagnostics.map(({ code: each }) => each)).toContain("MS0217");
  });
});

describe("build", () => {
  test("makes the same bytes as npm run build", async () => {
    const out = join(folder, "out");
    const { code, stdout } = await cli(["build", "--filter", "tracing", "--out", out]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/tracing\.wasm {2}\d+\.\d KiB \(\d+\.\d gzip\) {2}configure .*request_headers/);
    const again = await cli(["build", "--filter", "tracing", "--out", out, "--json"]);
    const { modules } = JSON.parse(again.stdout) as { modules: { name: string; report: { bytes: number } }[] };
    expect(modules).toMatchObject([{ name: "tracing", report: { bytes: (await readFile(join(out, "tracing.wasm"))).length } }]);
  });

  test("shows the compiler's findings with their place, exit 65", async () => {
    // Below the repository, so that the SDK is found as in a user's project.
    const project = await mkdtemp(join(cacheDirectory(), "test-cli-"));
    try {
      await mkdir(join(project, "filters/bad/assembly"), { recursive: true });
      await cp(join(root, "package.json"), join(project, "package.json"));
      await writeFile(
        join(project, "filters/bad/assembly/index.ts"),
        'import { register } from "proxy-wasm-assemblyscript-sdk";\nconst x: i32 = "text";\nregister("bad", () => x);\n',
      );
      const { code, stderr } = await cli(["build"], { cwd: project });
      expect(code).toBe(65);
      expect(stderr).toMatch(/^filters\/bad\/assembly\/index\.ts:2:\d+: error MS0201: /);
      expect(stderr).toContain(' 2 | const x: i32 = "text";');
    } finally {
      await rm(project, { recursive: true, force: true });
    }
  });

  test("refuses a folder without filters, exit 65", async () => {
    const { code, stdout, stderr } = await cli(["build"], { cwd: folder });
    expect({ code, stdout }).toEqual({ code: 65, stdout: "" });
    expect(stderr).toMatch(/^error MS0207: no assembly\/index\.ts and no filters\/\*\/assembly\/index\.ts in this folder\n/);
  });
});
