import { existsSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "../../harness/provision/cache.ts";
import { buildModule } from "../../modules/index.ts";
import { buildCrate, findToolchain } from "../../test/rust/toolchain.ts";

const OUT = ".cache/bench";

/** The modules that the arms load, by path. */
export interface Modules {
  ours: Readonly<Record<string, string>>;
  empty: string;
  calibrator: string;
  /** As empty, with three callbacks more. */
  callbacks: string;
  /** All filters in one [there is none]. */
  fused?: string;
  /** One module with a root for each filter; or why there is none. */
  rust: { wasm: string } | { missing: string };
}

/** The filters as `npm run build` made them; the rest is built here. */
export async function buildModules(filters: readonly string[]): Promise<Modules> {
  const build = async (name: string, entry: string) => (await buildModule({ name, entry, outDir: OUT })).files.wasm;
  const fused = path.join(packageRoot(), "build/mesh.wasm");
  return {
    ...(existsSync(fused) ? { fused } : {}),
    ours: Object.fromEntries(filters.map((name) => [name, path.join(packageRoot(), "build", `${name}.wasm`)])),
    empty: await build("empty", "bench/empty/assembly/index.ts"),
    callbacks: await build("callbacks", "bench/callbacks/assembly/index.ts"),
    calibrator: await build("calibrator", "bench/calibrator/assembly/index.ts"),
    rust: await rustModule(),
  };
}

/** What the five filters are measured against. */
export async function rustModule(): Promise<Modules["rust"]> {
  const toolchain = findToolchain();
  if (typeof toolchain === "string") return { missing: toolchain };
  return { wasm: await buildCrate(toolchain, { folder: "bench/peers/rust", library: "peers" }) };
}
