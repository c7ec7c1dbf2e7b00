import { readFile, readdir } from "node:fs/promises";
import { parse } from "yaml";

const FOLDER = "envoy-configs";

/** Every configuration of the folder, as a path from the repository's root. */
export const files = (await readdir(FOLDER))
  .filter((name) => name.endsWith(".yaml"))
  .sort()
  .map((name) => `${FOLDER}/${name}`);

/** Everything in a file that has this key, wherever it is. */
export async function valuesOf(file: string, key: string): Promise<unknown[]> {
  const collect = (value: unknown): unknown[] => {
    if (typeof value !== "object" || value === null) return [];
    const own = Object.entries(value).flatMap(([name, child]) => (name === key ? [child] : []));
    return [...own, ...Object.values(value).flatMap(collect)];
  };
  return collect(parse(await readFile(file, "utf8")));
}

/** A file with one piece of text replaced; fails when it is not there. */
export async function withText(file: string, from: string | RegExp, to: string): Promise<string> {
  const text = await readFile(file, "utf8");
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`${file} has no ${String(from)}`);
  return changed;
}
