import { readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, extname, join, relative, resolve, sep } from "node:path";
import { MeshscriptError, diagnostic, reasonOfErrno } from "../../diagnostics/index.ts";
import { checkResources } from "../check/resources.ts";
import { resourcesIn } from "../check/resources-in.ts";
import { shortPath } from "../text.ts";

const ENDINGS = [".yaml", ".yml", ".json"];

/**
 * The files of resources that -f names, folders' own in the order of their names; as the user would write them.
 * @throws MeshscriptError MS0902 for a path that cannot be read, or a folder without any.
 */
export function resourceFiles(paths: readonly string[], cwd: string): string[] {
  return paths.flatMap((path) => {
    const whole = resolve(cwd, path);
    if (!isFolder(whole, path)) return [shortPath(whole, cwd)];
    const names = readdirSync(whole).filter((name) => ENDINGS.includes(extname(name)));
    if (names.length > 0) return names.sort().map((name) => shortPath(join(whole, name), cwd));
    throw new MeshscriptError(
      diagnostic("MS0902", `${path} has no .yaml, .yml or .json file`, { help: "give the folder of the resources" }),
    );
  });
}

function isFolder(whole: string, path: string): boolean {
  try {
    return statSync(whole).isDirectory();
  } catch (error) {
    const reason = reasonOfErrno(error as Error) ?? String(error);
    throw new MeshscriptError(
      diagnostic("MS0902", `${path} cannot be read: ${reason}`, { location: { file: path }, help: "check the path" }),
    );
  }
}

/**
 * What `meshscript check` says of the resources' structure.
 * @throws MeshscriptError with everything that is wrong in any of the files.
 */
export async function refuseMistakes(files: readonly string[], cwd: string): Promise<void> {
  const findings = await Promise.all(
    files.map(async (file) => {
      const documents = resourcesIn(readFileSync(resolve(cwd, file), "utf8"), file);
      // Files with kinds that check does not know are Kubernetes' own: what the mesh makes of them it says itself.
      return documents ? (await checkResources(documents, file)).findings.filter(({ code }) => code !== "MS0903") : [];
    }),
  );
  if (findings.flat().some(({ level }) => level === "error")) throw new MeshscriptError(findings.flat());
}

/** A folder that all paths are below: what is watched. */
export function commonFolder(paths: readonly string[], cwd: string): string {
  const folders = paths.map((path) => dirname(resolve(cwd, path)));
  return folders.reduce((common, folder) => {
    let shared = common;
    while (shared !== folder && !folder.startsWith(shared.endsWith(sep) ? shared : `${shared}${sep}`)) shared = dirname(shared);
    return shared;
  });
}

/** The paths from there, as a watch takes them. */
export function below(folder: string, paths: readonly string[], cwd: string): string[] {
  return paths.map((path) => relative(folder, resolve(cwd, path)).replaceAll("\\", "/"));
}
