import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
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
  const wanted = names.length === 0 ? known : names;
  return wanted.map((name) => {
    const source = found.find((filter) => filter.name === name);
    if (source === undefined)
      throw moduleNotFound(name, known, "neither the package nor a folder in filters/ has that name and an assembly/index.ts");
    const inFolder = (file: string) => (source.folder === "." ? file : `${source.folder}/${file}`);
    return { ...source, assembly: inFolder("assembly"), config: inFolder("config.json"), cases: inFolder("cases.yaml") };
  });
}

/** The text of a file of the project; undefined when it is not there. */
export function textOf(file: string, cwd: string): string | undefined {
  const path = join(cwd, file);
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
