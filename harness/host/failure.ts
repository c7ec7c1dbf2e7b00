import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";

/**
 * The real Envoy would be gone: the host stops as a whole, and every request of the test fails with this. Thrown through the module's
 * frames, which cannot catch it.
 */
export class EnvoyCrash extends MeshscriptError {
  constructor(what: string, where?: string) {
    super(diagnostic("MS0701", `${where ? `${where}: ` : ""}${what}`));
  }
}

/** Something that only the real Envoy can do. */
export function notInHost(what: string): MeshscriptError {
  return new MeshscriptError(diagnostic("MS0703", what));
}

/** A call that the module may not make at this moment: Envoy makes it a trap. */
export class RestrictedCall extends Error {}
