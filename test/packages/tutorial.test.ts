// docs/writing-a-filter.md, executed as a reader would: each command, each file, each output.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, onTestFailed, test } from "vitest";
import { packageRoot } from "../../harness/provision/cache.ts";
import { Machine } from "../support/machine.ts";
import { type Packed, pack } from "../support/packed.ts";
import type { Staying } from "../support/staying.ts";

type Step =
  | { kind: "commands"; lines: string[] }
  | { kind: "output"; lines: string[] }
  | { kind: "file" | "diff"; file: string; text: string }
  | { kind: "stop" };

/** The steps of the page, in its order. */
function stepsOf(page: string): Step[] {
  const steps: Step[] = [];
  for (const [all, file, language = "", text = ""] of page.matchAll(/(?:^\*\*(\S+)\*\*\n\n)?^```(\w+)\n([\s\S]*?)^```$|Press Ctrl-C/gm)) {
    const lines = text.trimEnd().split("\n");
    if (all === "Press Ctrl-C") steps.push({ kind: "stop" });
    else if (language === "sh") steps.push({ kind: "commands", lines });
    else if (language === "text") steps.push({ kind: "output", lines });
    else if (file !== undefined) steps.push({ kind: language === "diff" ? "diff" : "file", file, text });
    else throw new Error(`a block of ${language} that is neither a command nor an output nor a file:\n${text}`);
  }
  return steps;
}

/** A line of output as it may come: numbers differ, and what stands around it. */
function expected(line: string): RegExp {
  const text = line.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  // Times and ports differ from run to run; what is counted, and a place in a file, does not.
  return new RegExp(
    text
      .replace(/\d\d:\d\d:\d\d/g, "\\d\\d:\\d\\d:\\d\\d")
      .replace(/\d+\\\.\d\d s/g, "\\d+\\.\\d\\d s")
      .replace(/127\\\.0\\\.0\\\.1:\d+/g, "127\\.0\\.0\\.1:\\d+"),
  );
}

let folder: string;
let packed: Packed;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "meshscript-tutorial-"));
  packed = await pack(path.join(folder, "packed"));
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test("every command, file and output of docs/writing-a-filter.md holds", { timeout: 300_000 }, async () => {
  const steps = stepsOf(await readFile(path.join(packageRoot(), "docs/writing-a-filter.md"), "utf8"));
  const home = await mkdtemp(path.join(folder, "home-"));
  const machine = new Machine(home, packed);
  let cwd = ".";
  let said = "";
  let running: Staying | undefined;
  let url = "";
  onTestFailed(async () => {
    process.stderr.write(`${running?.output.all ?? ""}\n`);
    await running?.stop();
  });

  for (const step of steps) {
    switch (step.kind) {
      case "commands":
        said = "";
        for (const line of step.lines) {
          const folderOf = /^cd (\S+)$/.exec(line)?.[1];
          if (folderOf !== undefined) cwd = path.join(cwd, folderOf);
          // The page says port 10000; a test takes a free one.
          else if (line === "npm run dev") running = machine.start("npm run dev -- --port 0", { cwd });
          else said += await machine.run(line.replace("http://127.0.0.1:10000", url), { cwd });
        }
        break;
      case "output":
        for (const line of step.lines) {
          if (said === "" && running) {
            const [seen] = await running.output.next("all", expected(line));
            url = /http:\/\/127\.0\.0\.1:\d+/.exec(seen)?.[0] ?? url;
          } else {
            const match = expected(line).exec(said);
            expect(match?.[0], `${line}\nin\n${said}`).toBeDefined();
            said = said.slice((match?.index ?? 0) + (match?.[0].length ?? 0)) || "\n";
          }
        }
        break;
      case "file":
        said = "";
        await writeFile(path.join(home, cwd, step.file), step.text);
        break;
      case "diff": {
        said = "";
        const lines = (sign: string) => step.text.split("\n").flatMap((line) => (line.startsWith(sign) ? [line.slice(1)] : []));
        const before = await readFile(path.join(home, cwd, step.file), "utf8");
        expect(before).toContain(lines("-").join("\n"));
        await writeFile(path.join(home, cwd, step.file), before.replace(lines("-").join("\n"), lines("+").join("\n")));
        break;
      }
      case "stop":
        await running?.stop();
        expect(running?.output.all).toMatch(/stopped/);
        running = undefined;
        break;
    }
  }

  expect(steps.filter(({ kind }) => kind === "commands").length).toBeGreaterThan(5);
  expect(running).toBeUndefined();
});
