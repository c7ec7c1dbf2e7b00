import { open } from "node:fs/promises";
import { type Diagnostic, MeshscriptError, diagnostic, reasonOfErrno } from "../../diagnostics/index.ts";
import type { Path } from "../../harness/cases/source.ts";
import type { Extension } from "../model/extensions.ts";

const MAGIC = "\0asm";

/**
 * Looks at the modules that resources name: Envoy says of one that is not there only that it could not be loaded.
 * @throws MeshscriptError MS1004
 */
export async function refuseMissingModules(extensions: readonly Extension[]): Promise<void> {
  const found = await Promise.all(extensions.map(missing));
  if (found.flat().length > 0) throw new MeshscriptError(found.flat());
}

async function missing({ filter, resource }: Extension): Promise<Diagnostic[]> {
  if (filter === undefined || !("wasm" in filter)) return [];
  const why = await whyNone(filter.wasm);
  if (why === undefined) return [];
  const path: Path =
    resource.kind === "WasmPlugin" ? ["spec", "url"] : resource.kind === "Filter" ? ["spec", "wasm"] : ["spec", "wasm", "url"];
  return [diagnostic("MS1004", `${filter.wasm} is no module: ${why}`, { location: resource.at(path, "value") })];
}

async function whyNone(file: string): Promise<string | undefined> {
  try {
    await using handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0);
    return buffer.toString("latin1", 0, bytesRead) === MAGIC ? undefined : "it does not begin as WebAssembly does";
  } catch (error) {
    return reasonOfErrno(error) ?? String(error);
  }
}
