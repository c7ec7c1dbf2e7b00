import type { Diagnostic } from "../../../diagnostics/index.ts";
import { place } from "../../../diagnostics/index.ts";
import { readYamlDocuments } from "../../../harness/cases/source.ts";
import { type Resource, resourcesOf } from "../../resources/resource.ts";

export const resourcesIn = (text: string): Resource[] =>
  readYamlDocuments(text, "mesh.yaml", "MS0914").flatMap((source) => resourcesOf(source));

/** `mesh.yaml:3:5: MS1001 message`, as tests compare it. */
export const lines = (findings: readonly Diagnostic[]) =>
  findings.map(({ location, code, message }) => `${place(location)}${code} ${message}`);
