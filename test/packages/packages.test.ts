// What is published must work in an empty folder: on a machine that has Node and nothing of this repository.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Machine } from "../support/machine.ts";
import { nodeVersion } from "../support/node-version.ts";
import { type Packed, pack } from "../support/packed.ts";

const run = promisify(execFile);
let folder: string;
let packed: Packed;
let opened: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "meshscript-packages-"));
  packed = await pack(path.join(folder, "packed"));
  opened = path.join(folder, "opened");
  for (const [name, file] of Object.entries(packed)) {
    await mkdir(path.join(opened, name), { recursive: true });
    await run("tar", ["xzf", file, "--strip-components=1", "-C", path.join(opened, name)]);
  }
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const filesOf = async (name: keyof Packed) =>
  (await readdir(path.join(opened, name), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(path.join(opened, name), path.join(entry.parentPath, entry.name)))
    .sort();

describe("the packages", () => {
  test.each(["meshscript", "proxy-wasm-assemblyscript-sdk", "create-meshscript"] as const)(
    "publint has nothing to say to %s",
    async (name) => {
      const pkgDir = path.join(opened, name);
      const { messages, pkg } = await publint({ pkgDir, pack: false });
      expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
      expect(await filesOf(name)).toEqual(expect.arrayContaining(["LICENSE", "README.md", "package.json"]));
    },
  );

  test("meshscript carries modules with maps, reports and sums, schemas and documentation, and nothing of the workshop", async () => {
    const files = await filesOf("meshscript");
    const suffixes = [".wasm", ".wasm.map", ".debug.wasm", ".debug.wasm.map", ".report.json"];
    const filters = ["authz", "canary", "fault-injection", "metrics", "peer-metadata", "ratelimit", "tracing"];
    const modules = [...filters, "mesh"];
    for (const name of modules) for (const suffix of suffixes) expect(files).toContain(`build/${name}${suffix}`);
    expect(files).toEqual(
      expect.arrayContaining([
        "filters/authz/config.schema.json",
        "filters/canary/config.schema.json",
        "filters/canary/metadata.schema.json",
        "filters/fault-injection/config.schema.json",
        "filters/metrics/config.schema.json",
        "filters/peer-metadata/config.schema.json",
        "filters/ratelimit/config.schema.json",
        "filters/ratelimit/metadata.schema.json",
        "filters/tracing/config.schema.json",
        "fused/config.schema.json",
        "harness/cases/cases.schema.json",
        "dashboards/README.md",
        "dashboards/alerts.yaml",
        "dashboards/grafana.json",
        "docs/cli.md",
        "docs/errors/MS0102.md",
      ]),
    );
    expect(
      files.filter(
        (file) =>
          /^dist\/(bench|dashboards|demo|test)|^dashboards\/(src|test)|\.js\.map$|(^|\/)test\/.*\.test\.ts$/.test(file) &&
          !/^(create-meshscript|examples)\//.test(file),
      ),
    ).toEqual([]);
    const { stdout } = await run("sha256sum", ["--check", "SHA256SUMS"], { cwd: path.join(opened, "meshscript/build") });
    expect(stdout.trim().split("\n")).toHaveLength(modules.length * suffixes.length);
  });

  test("every runtime dependency is used, and nothing else is", async () => {
    const { dependencies = {}, peerDependencies = {} } = JSON.parse(
      await readFile(path.join(opened, "meshscript/package.json"), "utf8"),
    ) as Record<string, Record<string, string>>;
    const code = (await filesOf("meshscript")).filter((file) => /^(dist|cli|modules)\/.*\.m?js$/.test(file));
    const text = (await Promise.all(code.map((file) => readFile(path.join(opened, "meshscript", file), "utf8")))).join("\n");
    const imported = [
      ...text.matchAll(
        /(?:\bfrom|\bimport|\bimport\(|\bload(?:From)?\(|\brequire\(|\.resolve\()\s*"((?:@[\w-]+\/)?[a-z][\w-]*)(?:\/[\w./-]+)?"/g,
      ),
    ];
    const used = new Set(imported.map((match) => match[1] ?? "").filter((name) => !/^(node|meshscript)$/.test(name)));
    expect([...used].sort()).toEqual([...Object.keys(dependencies), ...Object.keys(peerDependencies)].sort());
    expect(Object.values(dependencies).filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});

describe.each([["20"], ["24.21.0"]])("a new filter on Node %s", (version) => {
  let machine: Machine;
  let node: string | undefined;
  const cwd = "edge-greeting";

  beforeAll(async () => {
    const home = path.join(folder, `node-${version}`);
    await mkdir(home);
    node = await nodeVersion(version);
    if (node !== undefined) machine = new Machine(home, packed, node);
  }, 300_000);

  test("is made, installed, built and green on both hosts", { timeout: 300_000 }, async ({ skip }) => {
    if (node === undefined) skip(`npm has no Node ${version} for this machine`);
    expect(await machine.run(`npm create meshscript@latest ${cwd}`)).toContain("√ edge-greeting: ");
    await machine.run("npm install", { cwd });
    expect((await machine.run("node --version")).trim()).toMatch(new RegExp(`^v${version.replaceAll(".", "\\.")}`));

    const said = await machine.run("npm test", { cwd });

    expect(said).toMatch(/built build\/edge-greeting\.wasm in [\d.]+ s/);
    expect(said).toMatch(/Test Files {2}2 passed \(2\)/);
    expect(said).toMatch(/Tests {2}10 passed \(10\)/);
    expect(await machine.run("npm test", { cwd })).not.toContain("built build/");
  });

  test("has types that resolve: of its tests without skipLibCheck, and of its sources in the editor", { timeout: 60_000 }, async ({
    skip,
  }) => {
    if (node === undefined) skip(`npm has no Node ${version} for this machine`);
    expect(await machine.run("npx tsc -p .", { cwd })).toBe("");
    expect(await machine.run("npx tsc -p assembly --noEmit", { cwd })).toBe("");
  });

  test("has the modules of meshscript ready, without a compiler", { timeout: 60_000 }, async ({ skip }) => {
    if (node === undefined) skip(`npm has no Node ${version} for this machine`);
    const file = (await machine.run("npx meshscript path tracing", { cwd })).trim();
    expect(file).toBe(path.join(machine.folder, cwd, "node_modules/meshscript/build/tracing.wasm"));
    expect(await machine.run("npx meshscript verify build/edge-greeting.wasm", { cwd })).toMatch(/edge-greeting/);
    expect(await machine.run("npx meshscript run --filter tracing --validate", { cwd })).toContain("takes it");
  });
});
