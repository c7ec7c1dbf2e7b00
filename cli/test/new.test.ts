import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { examples } from "../commands/new.ts";
import { allCommands } from "../commands.ts";
import { cli } from "./support.ts";

const commands = await allCommands();

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "meshscript-new-"));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const text = (file: string) => readFile(join(cwd, file), "utf8");

describe("meshscript new", () => {
  test("makes a package that bears the name everywhere, and says how to go on", async () => {
    const { code, stdout, stderr } = await cli(["new", "mesh/edge-key"], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /^√ edge-key: \d+ files in mesh\/edge-key\n\n {2}cd mesh\/edge-key\n {2}npm install\n {2}npm test\n {2}npm run dev\n$/,
    );
    const files = (await readdir(join(cwd, "mesh/edge-key"), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const all = await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name), "utf8")));
    expect(all.filter((content) => /my.?filter/i.test(content))).toEqual([]);
    expect(JSON.parse(await text("mesh/edge-key/package.json"))).toMatchObject({ name: "edge-key", private: true });
    expect(await text("mesh/edge-key/assembly/filter.ts")).toMatch(/class EdgeKey extends HttpContext[\s\S]*/);
    expect(await text("mesh/edge-key/cases.yaml")).toContain("wasm: build/edge-key.wasm");
    expect(files.map((entry) => entry.name)).toEqual(expect.arrayContaining([".gitignore", "settings.json", "edge-key.test.ts"]));
  });

  test("answers in JSON", async () => {
    const { code, stdout } = await cli(["new", "edge", "--json"], { cwd });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      success: true,
      name: "edge",
      folder: "edge",
      files: expect.arrayContaining(["assembly/filter.ts", "cases.yaml", "package.json"]) as string[],
    });
  });

  test.each(["Edge", "9lives", "a--b", "a_b", "-a", "a-"])("takes no name such as %j, and writes nothing", async (name) => {
    const { code, stderr } = await cli(["new", `./${name}`], { cwd });
    expect(code).toBe(64);
    expect(stderr).toContain(`error MS0507: the name ${JSON.stringify(name)} is none for a filter`);
    expect(await readdir(cwd)).toEqual([]);
  });

  test("wants a name that is not empty", async () => {
    const { code, stderr } = await cli(["new", ""], { cwd });
    expect(code).toBe(64);
    expect(stderr).toContain("error MS0504: new needs FOLDER, got an empty name");
    expect(stderr).toContain("`meshscript new my-filter`");
    expect(await readdir(cwd)).toEqual([]);
  });

  test("leaves a folder alone that has something in it; a fresh Git repository is nothing", async () => {
    await mkdir(join(cwd, "edge/.git"), { recursive: true });
    expect((await cli(["new", "edge"], { cwd })).code).toBe(0);
    await writeFile(join(cwd, "edge/cases.yaml"), "mine");
    const { code, stderr } = await cli(["new", "edge"], { cwd });
    expect(code).toBe(64);
    expect(stderr).toContain("is there and not empty: nothing was written");
    expect(await text("edge/cases.yaml")).toBe("mine");
  });

  test.runIf(process.platform === "linux")("says so where nothing can be written, and comes back", async () => {
    const { code, stderr } = await cli(["new", "/proc/edge"], { cwd });
    expect(code).toBe(64);
    expect(stderr).toMatch(/error MS0507: the folder .*\/proc\/edge cannot be written: ENOENT/);
  });

  test("names the examples that there are, in the help and when there is no such", async () => {
    const { code, stderr } = await cli(["new", "edge", "--example", "nope"], { cwd });
    expect(code).toBe(64);
    expect(stderr).toContain(`error MS0503: there is no example "nope"; there are: ${examples().join(", ")}`);
    expect(stderr).not.toContain("choose another folder");
    expect(await readdir(cwd)).toEqual([]);
    const help = commands.find(({ name }) => name === "new")?.flags["example"]?.description ?? "";
    expect(help.match(/[a-z]+(-[a-z]+)+|cors/g)).toEqual(examples());
  });
});

test.each(examples())(
  "new --example %s brings the example under the new name, and leaves nothing that points out of it",
  async (example) => {
    const { code } = await cli(["new", "edge", "--example", example], { cwd });
    expect(code).toBe(0);
    // Cases are requests: a filter for TCP has none.
    if (example !== "tcp-limit") {
      expect(await text("edge/cases.yaml")).toMatch(/^# yaml-language-server: \$schema=\.\/node_modules\/meshscript\//);
      expect(await text("edge/cases.yaml")).toContain("wasm: build/edge.wasm");
    }
    const files = (await readdir(join(cwd, "edge"), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    for (const entry of files) {
      const content = await readFile(join(entry.parentPath, entry.name), "utf8");
      expect(content, entry.name).not.toMatch(/\.\.\/\.\.\/(?!node_modules)/);
      expect(content, entry.name).not.toMatch(new RegExp(`build/${example}\\.wasm|examples/${example}`));
    }
  },
);
