import type { MeshState } from "../../mesh/run/state.ts";
import { meshesOn, taken } from "../../mesh/run/taken.ts";
import { seconds } from "../text.ts";

/** A mesh that has a change, and how long that took from when the file was written. */
export interface InService {
  mesh: MeshState;
  milliseconds: number;
}

/**
 * Writes a file, and waits until each mesh that runs on it has what was written.
 * @param write gives what is in the file then; undefined when there was nothing to write
 * @throws MeshscriptError with the errors of a mesh that refused it, and what `write` throws
 */
export async function inService(
  file: string,
  write: () => Promise<string | undefined>,
  signal?: AbortSignal,
): Promise<readonly InService[] | undefined> {
  // Before it is written: a mesh that starts then reads it anyway.
  const meshes = await meshesOn(file);
  const content = await write();
  if (content === undefined) return undefined;
  const began = performance.now();
  return Promise.all(
    meshes.map(async (mesh) => ({ mesh: await taken(mesh, file, content, signal), milliseconds: performance.now() - began })),
  );
}

/** For people. */
export function saidOf(taken: readonly InService[] | undefined): string {
  if (taken === undefined) return "nothing to write: the weights are these already";
  if (taken.length === 0) return "no mesh runs on this file; `meshscript up` takes it when it starts";
  return `in service after ${seconds(Math.max(...taken.map(({ milliseconds }) => milliseconds)))}`;
}
