import { createHash } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { unwritable } from "../diagnostics/index.ts";

/**
 * Writes a file of a build. It is moved into place, so that a reader (Envoy, a second build) never sees half a file, and none is left of one that failed.
 * @throws MeshscriptError MS0208
 */
export async function writeOutput(file: string, contents: Uint8Array | string): Promise<void> {
  const mark = createHash("sha256").update(`${process.pid}${performance.now()}`).digest("hex").slice(0, 8);
  const temporary = `${file}.${mark}.tmp`;
  try {
    await writeFile(temporary, contents);
    await rename(temporary, file);
  } catch (error) {
    // What went wrong first is what counts.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw unwritable(error, dirname(file), "output folder");
  }
}
