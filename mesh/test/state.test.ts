import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ownerText } from "../../harness/provision/owner.ts";
import { type MeshState, removeState, runningMeshes, sumOf, sumsOf, writeState } from "../run/state.ts";

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "meshscript-state-"));
});
afterEach(() => rm(cache, { recursive: true, force: true }));

async function tell(name: string, owner: string | undefined): Promise<MeshState> {
  const runDir = join(cache, "runs", name);
  await mkdir(runDir, { recursive: true });
  if (owner !== undefined) await writeFile(join(runDir, "owner.json"), owner);
  const change = { generation: 1, ok: true, errors: [], at: "2026-11-24T00:00:00.000Z", files: {} };
  const state = { pid: process.pid, runDir, paths: ["/istio"], proxies: [], change };
  await writeState(state);
  return state;
}

test("meshes are found while their processes are there; what a killed one left is removed", async () => {
  const second = await tell("2-second", ownerText());
  const first = await tell("1-first", ownerText());
  const { pid } = spawnSync(process.execPath, ["--version"]);
  const dead = await tell("3-dead", JSON.stringify({ ...(JSON.parse(ownerText()) as object), pid }));
  // Of another machine that shares the cache nobody knows.
  const elsewhere = await tell("4-elsewhere", JSON.stringify({ pid, where: "another" }));
  expect(await runningMeshes(cache)).toEqual([first, second]);
  expect(existsSync(join(dead.runDir, "mesh.json"))).toBe(false);
  expect(existsSync(join(elsewhere.runDir, "mesh.json"))).toBe(true);
  await removeState(first.runDir);
  expect(await runningMeshes(cache)).toEqual([second]);
});

test("without a cache nothing runs", async () => {
  expect(await runningMeshes(join(cache, "none"))).toEqual([]);
});

test("files are known by the sums of their contents; those that cannot be read have none", async () => {
  const file = join(cache, "a.yaml");
  await writeFile(file, "a: 1\n");
  expect(await sumsOf([file, join(cache, "none.yaml")])).toEqual({ [file]: sumOf("a: 1\n") });
});
