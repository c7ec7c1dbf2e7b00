import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";

/** The program of the project's own vitest, so that its version and its plugins are the project's. @throws MeshscriptError MS0508 */
export function vitestProgram(cwd: string): string {
  try {
    return join(dirname(createRequire(join(cwd, "package.json")).resolve("vitest/package.json")), "vitest.mjs");
  } catch {
    throw new MeshscriptError(diagnostic("MS0508", "vitest is not installed in this project"));
  }
}
