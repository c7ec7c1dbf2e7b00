import { type Diagnostic, MeshscriptError } from "../../diagnostics/index.ts";
import { unsupported } from "../coverage/check.ts";
import { conflicts } from "../coverage/conflicts/index.ts";
import type { Resource } from "../resources/resource.ts";

/**
 * What a mesh does not do of its resources, what means nothing here, and what contradicts itself.
 * @param allowed whether it goes on without what it does not do
 * @throws MeshscriptError with everything when something is not supported and that is not allowed
 */
export function judge(resources: readonly Resource[], allowed: boolean): Diagnostic[] {
  const findings = [...unsupported(resources), ...conflicts(resources)];
  if (!allowed && findings.some(({ level }) => level === "error")) throw new MeshscriptError(findings);
  return findings;
}
