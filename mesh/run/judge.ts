import { type Diagnostic, MeshscriptError } from "../../diagnostics/index.ts";
import { unsupported } from "../coverage/check.ts";
import { conflicts } from "../coverage/conflicts/index.ts";
import { secretMistakes } from "../model/secret-mistakes.ts";
import { admissionMistakes } from "../resources/admission.ts";
import { duplicates } from "../resources/duplicates.ts";
import type { Resource } from "../resources/resource.ts";
import { type Judged, structureMistakes } from "../resources/structure.ts";

/** @throws MeshscriptError with everything that is wrong with the structure of resources: nothing else can be said of those. */
export async function refuseMistakes(resources: readonly Resource[]): Promise<void> {
  const found = await Promise.all(
    resources.map((resource) => structureMistakes({ at: resource.at, value: resource.value as Judged["value"] })),
  );
  const findings =
    found.flat().length > 0
      ? found.flat()
      : [...duplicates(resources), ...resources.flatMap((each) => [...admissionMistakes(each), ...secretMistakes(each)])];
  if (findings.length > 0) throw new MeshscriptError(findings);
}

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
