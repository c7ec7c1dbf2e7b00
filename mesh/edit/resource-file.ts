import { readFileSync } from "node:fs";
import { MeshscriptError, diagnostic, reasonOfErrno } from "../../diagnostics/index.ts";
import { type YamlSource, readYamlDocuments } from "../../harness/cases/source.ts";
import { type Resource, resourcesOf } from "../resources/resource.ts";

/** A file of resources as it is on disk. */
export interface ResourceFile {
  /** Absolute. */
  readonly path: string;
  /** As the user would write it: in messages. */
  readonly name: string;
  /** All of it; what reading YAML leaves out at the beginning, a byte order mark, is not in `text`. */
  readonly mark: string;
  readonly text: string;
  readonly documents: readonly YamlSource[];
  readonly resources: readonly Resource[];
}

/** @throws MeshscriptError MS0902 for a file that cannot be read, or whose bytes are no UTF-8; MS0914 for what is no YAML */
export function readResourceFile(path: string, name: string): ResourceFile {
  const bytes = read(path, name);
  const content = bytes.toString("utf8");
  // Written back, such bytes would be others.
  if (!Buffer.from(content).equals(bytes)) {
    throw new MeshscriptError(diagnostic("MS0902", "its bytes are no UTF-8", { location: { file: name }, help: "save it as UTF-8" }));
  }
  const text = content.replace(/^\uFEFF/, "");
  return { path, name, mark: content.slice(0, content.length - text.length), text, ...parsed(text, name) };
}

/** What is in a text. @throws MeshscriptError MS0914 */
export function parsed(text: string, name: string): Pick<ResourceFile, "documents" | "resources"> {
  const documents = readYamlDocuments(text, name, "MS0914");
  return { documents, resources: documents.flatMap((source) => resourcesOf(source)) };
}

function read(path: string, name: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const reason = reasonOfErrno(error as Error) ?? (error as Error).message;
    throw new MeshscriptError(diagnostic("MS0902", `cannot be read: ${reason}`, { location: { file: name }, help: "check the path" }));
  }
}
