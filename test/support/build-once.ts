import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { packageRoot } from "../../harness/provision/cache.ts";
import { buildModule } from "../../modules/index.ts";

const root = packageRoot();
const building = new Map<string, Promise<string>>();

/**
 * The path of a module, built once for each state of its sources and shared by all test processes.
 * @param sources folders that it is made from, beside the compiler's own
 */
export function builtModule(name: string, entry: string, sources: readonly string[]): Promise<string> {
  const known = building.get(name) ?? build(name, entry, sources);
  building.set(name, known);
  return known;
}

/** The path of a filter's module, built from the sources as they are. @param name its folder in filters/ */
export function filterModule(name: string): Promise<string> {
  return builtModule(name, `filters/${name}/assembly/index.ts`, [`filters/${name}/assembly`, "policy", "sdk/assembly"]);
}

async function build(name: string, entry: string, sources: readonly string[]): Promise<string> {
  const current = await currentModule(entry);
  if (current !== undefined) return current;
  const hash = createHash("sha256");
  for (const file of [...sources, "modules"].flatMap(filesBelow)) hash.update(file).update(readFileSync(path.join(root, file)));
  const outDir = `.cache/test-modules/${name}-${hash.digest("hex").slice(0, 16)}`;
  const built = path.join(root, outDir, `${name}.wasm`);
  if (existsSync(built)) return built;
  return (await buildModule({ name, entry, outDir, baseDir: root })).files.wasm;
}

/** What `npm run build` has made of the same sources. A bundle does not know the scripts. */
async function currentModule(entry: string): Promise<string | undefined> {
  const script = path.join(root, "scripts/lib/wasm.mjs");
  if (!existsSync(script)) return undefined;
  const { currentModule: find } = (await import(pathToFileURL(script).href)) as { currentModule(entry: string): string | undefined };
  return find(entry);
}

function filesBelow(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(ts|mjs)$/.test(file) && !file.endsWith(".test.ts"))
    .map((file) => path.join(folder, file))
    .sort();
}
