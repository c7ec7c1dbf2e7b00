import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { compile } from "../../../modules/compile.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const folder = "test/probes/module/assembly";
// `stub` never frees: a probe lives for a few requests, and no collector can touch what the host was given.
const flags = ["--runtime", "stub", "--exportStart", "_initialize", "--use", `abort=${folder}/index/abort`, "-O2", "--debug"];

/** The path of the probe module, built once for each state of its sources. */
export async function probeModule(): Promise<string> {
  const hash = createHash("sha256").update(flags.join(" "));
  for (const file of readdirSync(path.join(root, folder)).sort()) hash.update(file).update(readFileSync(path.join(root, folder, file)));
  const built = path.join(root, ".cache/test-modules", `probe-${hash.digest("hex").slice(0, 16)}.wasm`);
  if (existsSync(built)) return built;
  const { wasm, diagnostics } = await compile({ baseDir: root, entries: [`${folder}/index.ts`], outFile: "probe.wasm", flags });
  if (wasm === undefined) throw new Error(diagnostics.map((d) => `${d.location?.file}:${d.location?.line}: ${d.message}`).join("\n"));
  mkdirSync(path.dirname(built), { recursive: true });
  const temporary = `${built}.${process.pid}`;
  writeFileSync(temporary, wasm);
  renameSync(temporary, built);
  return built;
}
