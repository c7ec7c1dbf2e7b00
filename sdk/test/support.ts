import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { buildModule } from "../../modules/index.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let building: Promise<string> | undefined;

/** The path of the fixture module: every misuse and every facility of the SDK, behind one root each. Built once for each state of the sources. */
export function fixtureModule(): Promise<string> {
  building ??= build();
  return building;
}

async function build(): Promise<string> {
  const hash = createHash("sha256");
  for (const file of sources("sdk").concat(sources("modules"))) hash.update(file).update(readFileSync(path.join(root, file)));
  const outDir = `.cache/fixtures/${hash.digest("hex").slice(0, 16)}`;
  const built = path.join(root, outDir, "fixture.wasm");
  if (existsSync(built)) return built;
  return (await buildModule({ name: "fixture", entry: "sdk/test/fixture/index.ts", outDir, baseDir: root })).files.wasm;
}

function sources(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(ts|mjs)$/.test(file) && !file.endsWith(".test.ts"))
    .map((file) => path.join(folder, file))
    .sort();
}
