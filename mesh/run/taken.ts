import { readFileSync, realpathSync } from "node:fs";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { onChange } from "../../harness/envoy/wait.ts";
import { type MeshState, readState, runningMeshes, sumOf } from "./state.ts";

/** How long a mesh gets to take what was saved. */
const TAKEN_MS = 30_000;

/** The meshes that run on a file: it was among those that the last change was made of. */
export async function meshesOn(file: string): Promise<MeshState[]> {
  const real = realPath(file);
  return (await runningMeshes()).filter((mesh) => fileIn(mesh, real) !== undefined);
}

/**
 * Waits until a mesh has what was saved in a file, and all that is in its other files.
 * @throws MeshscriptError with the mesh's own errors when it refused it, MS1104 when somebody saved something else meanwhile, MS1105 when the mesh
 * ended or neither happened in time
 */
export async function taken(mesh: MeshState, file: string, content: string, signal?: AbortSignal): Promise<MeshState> {
  const [sum, real] = [sumOf(content), realPath(file)];
  const late = AbortSignal.timeout(TAKEN_MS);
  const found = await onChange(mesh.runDir, () => outcome(), signal ? AbortSignal.any([signal, late]) : late);
  if (found === "gone") throw notTaken(`the mesh of process ${mesh.pid} has ended`);
  if (found === "replaced") {
    throw new MeshscriptError(diagnostic("MS1104", "somebody has saved something else there meanwhile", { location: { file } }));
  }
  if (found === undefined) {
    signal?.throwIfAborted();
    throw notTaken(`the mesh of process ${mesh.pid} did not take the change within ${TAKEN_MS / 1000} s`);
  }
  if (!found.change.ok) throw new MeshscriptError(found.change.errors);
  return found;

  function outcome(): MeshState | "gone" | "replaced" | undefined {
    const state = readState(mesh.runDir);
    if (state === undefined) return "gone";
    const name = fileIn(state, real);
    if (name !== undefined && state.change.files[name] === sum) return state;
    return sumOf(readFileSync(file)) === sum ? undefined : "replaced";
  }
}

/** As the mesh calls it. */
function fileIn({ change }: MeshState, real: string): string | undefined {
  return Object.keys(change.files).find((each) => realPath(each) === real);
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

const notTaken = (message: string) => new MeshscriptError(diagnostic("MS1105", `${message}; the file is written`));
