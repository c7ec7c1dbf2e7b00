import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../../harness/provision/cache.ts";

const folder = join(packageRoot(), "mesh/test/pilot/cases");

/** The scenes of cases/, without BookInfo itself. */
export async function caseNames(): Promise<string[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".yaml"));
  return files.map((file) => file.slice(0, -".yaml".length)).filter((name) => name !== "bookinfo");
}

/** BookInfo, and a scene's resources behind it. */
export async function readCase(name: string): Promise<string> {
  const read = (one: string) => readFile(join(folder, `${one}.yaml`), "utf8");
  return name === "bookinfo" ? read("bookinfo") : `${await read("bookinfo")}\n---\n${await read(name)}`;
}
