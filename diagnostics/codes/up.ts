import type { CodeEntry } from "../code-entry.ts";

/** MS11xx: running a mesh. */
export const up = {
  MS1101: {
    level: "error",
    title: "a program of the mesh does not serve",
    help: "start it by hand with PORT=8080 in its environment, and see what it says",
    kind: "environment",
    details:
      "A program that `up` or `openMesh` starts as a workload's application gets the port to listen on as `PORT`, on 127.0.0.1. It ended, or nobody accepted connections there within 20 seconds. What it printed is in the file that the message names.",
  },
} as const satisfies Record<string, CodeEntry>;
