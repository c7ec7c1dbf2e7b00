import { createHash } from "node:crypto";
import { rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { unwritable } from "../diagnostics/index.ts";

/**
 * Looks whether files can be where they are to go, before the minute that it may take to make them.
 * @throws MeshscriptError MS0208
 */
export async function refuseTaken(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const folder = dirname(file);
    const there = await stat(file).catch((error: NodeJS.ErrnoException) => {
      // What is not there can be made, or says by itself why it cannot.
      if (error.code === "ENOTDIR") throw unwritable(error, folder, "output folder");
    });
    if (there?.isDirectory()) throw unwritable(Object.assign(new Error(), { code: "EISDIR", path: file }), folder, "output folder");
  }
}

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
