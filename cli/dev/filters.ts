import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MeshscriptError, diagnostic, reasonOfErrno } from "../../diagnostics/index.ts";
import { type FilterSource, findFilters } from "../../modules/index.ts";
import { moduleNotFound } from "../modules.ts";
import { usage } from "../parse.ts";

/** A filter that `meshscript dev` works on. Paths are relative to the project, and the files need not be there. */
export interface DevFilter extends FilterSource {
  assembly: string;
  config: string;
  cases: string;
}

/**
 * The filters to work on, in the order of the chain: those named, or the only one.
 * @throws MeshscriptError MS0506 for a name, MS0504 when there is none, or several and no name.
 */
export async function devFilters(names: readonly string[], cwd: string): Promise<DevFilter[]> {
  const found = await findFilters(cwd);
  const known = found.map(({ name }) => name);
  if (found.length === 0) {
    throw usage(
      "MS0504",
      "there is no filter in this folder (assembly/index.ts, filters/NAME/assembly/index.ts)",
      "`meshscript new NAME` makes one",
    );
  }
  if (names.length === 0 && found.length > 1) {
    throw usage(
      "MS0504",
      `there are several filters: ${known.join(", ")}`,
      "say which, in the order of the chain: --filter NAME --filter NAME",
    );
  }
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw usage("MS0504", `the filter ${twice} is named twice`, "name each filter once, in the order of the chain");
  const wanted = names.length === 0 ? known : names;
  return wanted.map((name) => {
    const source = found.find((filter) => filter.name === name);
    if (source === undefined)
      throw moduleNotFound(name, known, "neither the package nor a folder in filters/ has that name and an assembly/index.ts");
    const inFolder = (file: string) => (source.folder === "." ? file : `${source.folder}/${file}`);
    return { ...source, assembly: inFolder("assembly"), config: inFolder("config.json"), cases: inFolder("cases.yaml") };
  });
}

/**
 * The text of a file of the project; undefined when it is not there.
 * @throws MeshscriptError with this code when it is there and cannot be read
 */
export function textOf(file: string, cwd: string, code: "MS0101" | "MS0801"): string | undefined {
  try {
    return readFileSync(join(cwd, file), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new MeshscriptError(diagnostic(code, `it cannot be read: ${reasonOfErrno(error) ?? String(error)}`, { location: { file } }));
  }
}
