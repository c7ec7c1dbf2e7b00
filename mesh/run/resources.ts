import { readFile, readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { MeshscriptError, diagnostic, reasonOfErrno } from "../../diagnostics/index.ts";
import { readYamlDocuments } from "../../harness/cases/source.ts";
import { type Resource, resourcesOf } from "../resources/resource.ts";

/** Reads the resources of files and of folders' .yaml, .yml and .json files, in the order of their names. A text with a line end is YAML itself. */
export async function readResources(sources: string | readonly string[]): Promise<Resource[]> {
  const list = typeof sources === "string" ? [sources] : sources;
  const all = await Promise.all(list.map((source) => (source.includes("\n") ? [parse(source, "resources")] : fromPath(source))));
  return all.flat(2);
}

async function fromPath(path: string): Promise<Resource[][]> {
  const found = await stat(path).catch((error: Error) => unreadable(path, error));
  if (!found.isDirectory()) return [await fromFile(path)];
  const names = (await readdir(path)).filter((name) => [".yaml", ".yml", ".json"].includes(extname(name))).sort();
  return Promise.all(names.map((name) => fromFile(join(path, name))));
}

async function fromFile(file: string): Promise<Resource[]> {
  return parse(await readFile(file, "utf8").catch((error: Error) => unreadable(file, error)), file);
}

const parse = (text: string, file: string) => readYamlDocuments(text, file, "MS0914").flatMap((source) => resourcesOf(source));

function unreadable(file: string, error: Error): never {
  throw new MeshscriptError(diagnostic("MS0406", `cannot be read: ${reasonOfErrno(error) ?? error.message}`, { location: { file } }));
}
