import { constants } from "node:fs";
import { access, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { MeshscriptError, diagnostic } from "./diagnostic.ts";
import { reasonOfErrno } from "./errno.ts";

/** Whose folder it is decides what its user can do about it. */
export type FolderKind = "cache" | "run directory" | "output folder";

const UNUSABLE = new Set(["ENOENT", "ENOTDIR", "EEXIST", "EACCES", "EPERM", "EROFS", "ENOSPC", "EISDIR"]);
const KINDS = {
  cache: { code: "MS0304", help: "set MESHSCRIPT_CACHE to a folder that can" },
  "run directory": { code: "MS0304", help: "choose another folder, or none for one in the cache" },
  "output folder": { code: "MS0208", help: "choose another one" },
} as const;

/** Makes a folder that is going to be written to. @throws MeshscriptError MS0304, or MS0208 for the output of a build */
export async function makeFolder(folder: string, kind: FolderKind): Promise<void> {
  try {
    await makeAll(folder);
    await access(folder, constants.W_OK);
  } catch (error) {
    throw explain(error, folder, kind);
  }
}

/** Step by step: `recursive` never comes back where the system says ENOENT of a folder that nobody can make, as in /proc. */
async function makeAll(folder: string): Promise<void> {
  const parent = dirname(folder);
  if (parent !== folder && !(await stat(parent).catch(() => undefined))) await makeAll(parent);
  // Another process may make it at the same time.
  await mkdir(folder).catch(async (error: unknown) => {
    const there = await stat(folder).catch(() => undefined);
    if (!there?.isDirectory()) throw error;
  });
}

/** The error for a write that failed inside a folder because of the folder, or of one where the file goes; any other error as it is. */
export function unwritable(error: unknown, folder: string, kind: FolderKind): unknown {
  const { code, path, dest } = error instanceof Error ? (error as NodeJS.ErrnoException & { dest?: string }) : {};
  // The folder is good. A file that is moved into place has its own name in `dest`; a read of a folder has none, and is another mistake.
  const file = dest ?? path;
  if (code === "EISDIR") return file?.startsWith(folder) ? explain(error, folder, kind, file) : error;
  // ENOSPC comes from a write, which knows no path.
  return code === "ENOSPC" || path?.startsWith(folder) ? explain(error, folder, kind) : error;
}

function explain(error: unknown, folder: string, kind: FolderKind, what = `the ${kind} ${folder}`): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code === undefined || !UNUSABLE.has(code)) return error;
  const message = `${what} cannot be written: ${reasonOfErrno(error) ?? code}`;
  return new MeshscriptError(diagnostic(KINDS[kind].code, message, { help: KINDS[kind].help }), { cause: error });
}
