import type { Responder } from "../../harness/upstreams/types.ts";
import type { CompileOptions } from "../compile.ts";
import type { ApplicationSpec } from "./application.ts";
import type { HostStubSpec } from "./outside/host-stub.ts";
import type { ProgramEvent } from "./program.ts";

/** How long authority and certificates are valid: enough for a mesh that runs for days, since nothing renews them while it does. */
export const VALID_FOR = "720h";

export interface MeshOptions extends Pick<CompileOptions, "filters" | "draws"> {
  /** Files, folders, or YAML itself. */
  resources: string | readonly string[];
  /** What runs behind sidecars, by the name of their workload [stubs, which say what they received]. */
  applications?: Readonly<Record<string, ApplicationSpec>>;
  /** How stubs answer, by the name of their workload [200, and what they received as JSON]. */
  respond?: Readonly<Record<string, Responder>>;
  /**
   * How hosts outside are answered, by the host of a ServiceEntry: by a port of 127.0.0.1 that is served already, by a file (docs/mesh.md), or as an
   * upstream does [they are asked where they are].
   */
  stubs?: Readonly<Record<string, HostStubSpec>>;
  /** Local ports of gateways: `{ 80: 8080 }` [the kernel chooses]. */
  ports?: Readonly<Record<number, number>>;
  /** Goes on without what a mesh does not support, and says so in `findings` [refuses it: docs/coverage.md lists every field]. */
  allowUnsupported?: boolean;
  /** Told when a program has ended, and when it is back. Nobody calls it in between. */
  onProgram?: (event: ProgramEvent) => void;
  /** Stops the start, and what has started, when aborted. */
  signal?: AbortSignal;
}
