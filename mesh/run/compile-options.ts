import type { CompileOptions } from "../compile.ts";
import type { LocalHosts } from "../model/outside.ts";
import type { MeshOptions } from "./options.ts";

/** What a mesh is compiled with when it runs. @param local hosts outside that are answered on this machine */
export function compileOptions(
  { filters, draws, applications = {}, ports = {} }: Omit<MeshOptions, "resources">,
  local: LocalHosts,
): CompileOptions {
  return {
    ...(filters ? { filters } : {}),
    ...(draws ? { draws } : {}),
    // Only programs that are ours to start can be told of ports.
    program: ({ name }) => applications[name]?.command !== undefined,
    port: (server) => ports[server],
    local,
  };
}
