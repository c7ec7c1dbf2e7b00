import { existsSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";

/** A filter's folder: `assembly/`, and beside it `config.json`, `config.schema.json`, `cases.yaml`, `test/`, where it has them. */
export interface FilterSource {
  /** Of its module and of its plugin. */
  name: string;
  /** Relative to the project: `.` or `filters/NAME`. */
  folder: string;
  /** Relative to the project: `assembly/index.ts` or `filters/NAME/assembly/index.ts`. */
  entry: string;
}

/**
 * The filters of a project: the project itself when it has an `assembly/index.ts` (a package of one filter, as `meshscript new` makes it),
 * and every `filters/NAME` that has one.
 */
export async function findFilters(baseDir: string): Promise<FilterSource[]> {
  const folder = path.join(baseDir, "filters");
  const names = existsSync(folder) ? (await readdir(folder)).sort() : [];
  const own = { name: packageName(baseDir), folder: ".", entry: "assembly/index.ts" };
  const below = names.map((name) => ({ name, folder: `filters/${name}`, entry: `filters/${name}/assembly/index.ts` }));
  return [own, ...below].filter(({ entry }) => existsSync(path.join(baseDir, entry)));
}

/** The name in package.json without its scope; without a package.json, or with none that can be read, that of the folder. */
function packageName(baseDir: string): string {
  try {
    const { name } = JSON.parse(readFileSync(path.join(baseDir, "package.json"), "utf8")) as { name?: unknown };
    if (typeof name === "string" && name !== "") return name.replace(/^@[^/]*\//, "");
  } catch {
    // The folder's name will do.
  }
  return path.basename(path.resolve(baseDir));
}
