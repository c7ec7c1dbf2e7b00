import type { Diagnostic } from "../../diagnostics/index.ts";
import type { RunningMesh } from "../../harness/index.ts";
import { removeState, stateOf, writeState } from "../../mesh/run/state.ts";

/** Tells other processes what runs, and what became of each change. */
export class Announcement {
  private generation = 0;

  /** @param paths what -f named, absolute */
  constructor(
    private readonly mesh: RunningMesh,
    private readonly paths: readonly string[],
  ) {}

  /** @param files with their sums before they were read; @param errors why the change was refused */
  async tell(files: Readonly<Record<string, string>>, errors: readonly Diagnostic[] = []): Promise<void> {
    this.generation += 1;
    const at = new Date().toISOString();
    const change = { generation: this.generation, ok: errors.length === 0, errors, at, files };
    await writeState(stateOf(this.mesh, this.paths, change));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeState(this.mesh.runDir);
  }
}
