import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { MeshscriptError, diagnostic, reasonOfErrno } from "../../diagnostics/index.ts";

/** Whose folder it is decides what its user can do about it. */
export type FolderKind = "cache" | "run directory";

const UNUSABLE = new Set(["ENOENT", "ENOTDIR", "EEXIST", "EACCES", "EPERM", "EROFS", "ENOSPC"]);
const HELP: Record<FolderKind, string> = {
  cache: "set MESHSCRIPT_CACHE to a folder that can",
  "run directory": "choose another folder, or none for one in the cache",
};

/** Makes a folder that is going to be written to. @throws MeshscriptError MS0304 */
export async function makeFolder(folder: string, kind: FolderKind): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (error) {
    throw explain(error, folder, kind);
  }
}

/** The error for a write that failed inside a folder because of the folder; any other error as it is. */
export function unwritable(error: unknown, folder: string, kind: FolderKind): unknown {
  const { code, path } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  // ENOSPC comes from a write, which knows no path.
  return code === "ENOSPC" || path?.startsWith(folder) ? explain(error, folder, kind) : error;
}

function explain(error: unknown, folder: string, kind: FolderKind): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code === undefined || !UNUSABLE.has(code)) return error;
  const message = `the ${kind} ${folder} cannot be written: ${reasonOfErrno(error) ?? code}`;
  return new MeshscriptError(diagnostic("MS0304", message, { help: HELP[kind] }), { cause: error });
}
