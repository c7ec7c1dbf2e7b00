import type { CompileOptions } from "../compile.ts";
import type { MeshOptions } from "./options.ts";

/** What a mesh is compiled with when it runs. */
export function compileOptions({ filters, applications = {}, ports = {} }: Omit<MeshOptions, "resources">): CompileOptions {
  return {
    ...(filters ? { filters } : {}),
    // Only programs that are ours to start can be told of ports.
    program: ({ name }) => applications[name]?.command !== undefined,
    port: (server) => ports[server],
  };
}
