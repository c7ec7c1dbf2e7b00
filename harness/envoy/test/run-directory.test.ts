import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ownerState, ownerText } from "../../provision/owner.ts";
import { newRunDirectory, openRunDirectory } from "../run-directory.ts";

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "run-directory-"));
});
afterEach(() => rm(cache, { recursive: true, force: true }));

const open = () => openRunDirectory(newRunDirectory(cache), { temporary: true });

/** A folder of another run. @param owner the text of its owner.json [none: it ended in order] */
async function left(name: string, owner?: string, old = false): Promise<void> {
  const path = join(cache, "runs", name);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, "envoy.log"), "");
  if (owner !== undefined) await writeFile(join(path, "owner.json"), owner);
  if (old) await utimes(path, 0, 0);
}

async function deadPid(): Promise<number> {
  const child = spawn("true");
  return new Promise((resolve) => child.on("close", () => resolve(child.pid ?? 0)));
}

const mine = () => JSON.parse(ownerText()) as Record<string, unknown>;

describe("of run directories", () => {
  test("those go that a killed process left, at once, and what failed a day ago; never one of a process that lives", async () => {
    const dead = JSON.stringify({ ...mine(), pid: await deadPid() });
    await left("killed", dead);
    await left("reused", JSON.stringify({ ...mine(), started: "1" }));
    await left("failed-today");
    await left("failed-long-ago", undefined, true);
    await left("alive", ownerText(), true);
    await left("elsewhere", JSON.stringify({ ...mine(), where: "another machine", pid: await deadPid() }));
    await left("strange", "no JSON");
    const directory = await open();
    const kept = ["alive", "elsewhere", "failed-today", "strange", ...(process.platform === "linux" ? [] : ["reused"])];
    expect((await readdir(join(cache, "runs"))).sort()).toEqual([...kept, basename(directory.path)].sort());
    await directory.remove();
    expect(existsSync(directory.path)).toBe(false);
  });

  test("one says whose it is", async () => {
    const { path } = await open();
    expect(ownerState(await readFile(join(path, "owner.json"), "utf8"))).toBe("alive");
    const named = await openRunDirectory(join(cache, "mine"));
    expect(await readdir(named.path)).toEqual([]);
  });
});

test("an owner is known by its number, its start and its machine", async () => {
  expect(ownerState(ownerText())).toBe("alive");
  expect(ownerState(JSON.stringify({ ...mine(), pid: await deadPid() }))).toBe("dead");
  expect(ownerState(JSON.stringify({ ...mine(), where: "another machine" }))).toBe("unknown");
  expect(ownerState("")).toBe("unknown");
  expect(ownerState("[]")).toBe("unknown");
});

test.runIf(process.platform === "linux")("a folder that nobody can make is an error at once", async () => {
  await expect(openRunDirectory("/proc/x")).rejects.toMatchObject({
    code: "MS0304",
    message: expect.stringMatching(/the run directory \/proc\/x cannot be written: no such file/) as string,
  });
  await expect(openRunDirectory("/proc/x/y/z")).rejects.toMatchObject({ code: "MS0304" });
});
