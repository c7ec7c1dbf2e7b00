import { type Diagnostic, diagnostic } from "../../diagnostics/index.ts";
import type { Path } from "../../harness/cases/source.ts";
import { hasSchema, knownKinds, structureMistakes } from "../../mesh/index.ts";
import { counted } from "./envoy-file.ts";
import type { Report } from "./question.ts";
import type { Resource, Resources } from "./resources-in.ts";

/** Istio's and the Gateway API's resources, by the schemas of their CRDs: what the API server would refuse by structure, and fields that are none. */
export async function checkResources({ named, nameless }: Resources, file: string): Promise<Report> {
  const findings = [...nameless];
  const others: Resource[] = [];
  for (const resource of named) {
    const { source, path, value } = resource;
    const at = (steps: Path, part?: "key" | "value") => source.locate([...path, ...steps], part);
    if (hasSchema(value)) findings.push(...(await structureMistakes({ value, at })));
    else others.push(resource);
  }
  const checked = named.length - others.length;
  // That all is well would be a lie.
  if (checked === 0 && findings.length === 0) return { file, kind: "unknown", what: "", by: [], findings: [noneKnown(others, file)] };
  const rest =
    others.length === 0 ? "" : `, and ${counted(others.length, "other")} that ${others.length === 1 ? "was" : "were"} not looked at`;
  return {
    file,
    kind: "resources",
    what: `${counted(checked, "resource")} of Istio, the Gateway API or meshscript${rest}`,
    by: ["schema"],
    findings,
  };
}

function noneKnown(others: readonly Resource[], file: string): Diagnostic {
  const groups = [...new Set(knownKinds().map(({ group }) => group))];
  const kinds = [...new Set(others.map(({ value }) => value.kind))];
  const only = kinds.length === 0 ? "" : `, but only: ${kinds.join(", ")}`;
  const message = `no resource of Istio, the Gateway API or meshscript is here${only}`;
  return diagnostic("MS0903", message, { location: { file }, help: `the groups are: ${groups.join(", ")}` });
}
