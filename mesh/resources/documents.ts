import type { DiagnosticCode } from "../../diagnostics/index.ts";
import { type YamlSource, readYaml } from "../../harness/cases/source.ts";

/**
 * The documents of a file, which `---` divides, each with its lines where they stand in the file.
 * @param code of errors of syntax
 * @throws MeshscriptError with every error of syntax in the first document that has one.
 */
export function documentsIn(content: string, file: string, code: DiagnosticCode): YamlSource[] {
  const lines = content.replace(/^\uFEFF/, "").split("\n");
  const starts = lines.flatMap((line, i) => (/^---(\s|$)/.test(line) ? [i] : []));
  const ends = [...starts, lines.length];
  return [-1, ...starts].map((start, i) => {
    const end = ends[i] ?? lines.length;
    const own = lines.map((line, n) => (n > start && n < end ? line : n === start ? `   ${line.slice(3)}` : ""));
    return readYaml(own.join("\n"), file, code);
  });
}
