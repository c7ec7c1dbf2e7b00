import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { exitCodes } from "../../diagnostics/index.ts";
import { allCommands } from "../commands.ts";
import { documentation } from "../main.ts";
import { cli } from "./support.ts";

const commands = await allCommands();

const names = commands.map(({ name }) => name);

test("shows the commands with an example of each", async () => {
  const { code, stdout, stderr } = await cli(["--help"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  await expect(stdout).toMatchFileSnapshot("golden/help.txt");
  expect((await cli([])).stdout).toBe(stdout);
  expect((await cli(["help"])).stdout).toBe(stdout);
});

describe.each(names)("%s --help", (name) => {
  test("is as recorded", async () => {
    const { code, stdout } = await cli([name, "--help"]);
    expect(code).toBe(0);
    await expect(stdout).toMatchFileSnapshot(`golden/${name}.txt`);
    expect((await cli(["help", name])).stdout).toBe(stdout);
    expect((await cli(["--help", name])).stdout).toBe(stdout);
  });

  test("fits into 100 columns but for examples, and names docs and exit codes", async () => {
    const { stdout } = await cli([name, "-h"]);
    const examples = new Set(commands.flatMap((command) => command.examples.map((example) => `  ${example.command}`)));
    expect(stdout.split("\n").filter((line) => line.length > 100 && !examples.has(line))).toEqual([]);
    expect(stdout).toContain(`docs/cli.md#${name}`);
    expect(stdout).toMatch(/^ +0 {2}/m);
  });

  test("is data with --json", async () => {
    const { stdout } = await cli([name, "--help", "--json"]);
    const help = JSON.parse(stdout) as { apiVersion: string; commands: { name: string; flags: { name: string }[] }[] };
    expect(help).toMatchObject({ apiVersion: "meshscript/v1", success: true });
    expect(help.commands.map((command) => command.name)).toEqual([name]);
    const flags = commands.find((command) => command.name === name)?.flags ?? {};
    expect(help.commands[0]?.flags.map((flag) => flag.name)).toEqual(Object.keys(flags));
  });

  test("has examples that parse", async () => {
    const table = commands.find((candidate) => candidate.name === name);
    // What passes its arguments on does not parse them; `--help` behind them would be the other program's.
    for (const { command } of table?.passThrough === undefined ? (table?.examples ?? []) : []) {
      const words = command.match(/'[^']*'|\S+/g)?.map((word) => word.replace(/^'|'$/g, "")) ?? [];
      const own = words.slice(words.indexOf("meshscript") + 1);
      const end = own.indexOf("--");
      const argv = [...own.slice(0, end < 0 ? own.length : end), "--help"];
      expect((await cli(argv)).code, command).toBe(0);
    }
  });
});

test("docs/cli.md is what the table gives, every exit code in it", async () => {
  const text = await readFile("docs/cli.md", "utf8");
  expect(text).toBe(await documentation());
  for (const code of Object.values(exitCodes)) expect(text).toContain(`| ${code} |`);
});

test("tells its version", async () => {
  const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
  expect(await cli(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  expect(JSON.parse((await cli(["--version", "--json"])).stdout)).toEqual({ apiVersion: "meshscript/v1", success: true, version });
});
