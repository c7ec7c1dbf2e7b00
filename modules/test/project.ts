import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const fixtures = fileURLToPath(new URL("./fixtures/", import.meta.url));

/** A project in a folder of its own, with the fixture's SDK installed and one filter `hello`. */
export interface Project extends AsyncDisposable {
  baseDir: string;
  entry: string;
  /** Writes a file of the filter, `filter.ts` for instance. */
  edit(file: string, text: string): Promise<void>;
  /** Removes a file or folder of the project. */
  remove(file: string): Promise<void>;
}

/**
 * Makes a project; `prefix` goes into the folder's name. With `realSdk` the SDK is this repository's, linked as npm links a
 * workspace, and the filter is the one of the SDK's README.
 */
export async function openProject(prefix = "meshscript project ", realSdk = false): Promise<Project> {
  const baseDir = await mkdtemp(path.join(os.tmpdir(), prefix));
  const filter = path.join(baseDir, "filters/hello/assembly");
  await mkdir(filter, { recursive: true });
  const sdk = path.join(baseDir, "node_modules/proxy-wasm-assemblyscript-sdk");
  await cp(path.join(fixtures, realSdk ? "greeting" : "hello"), filter, { recursive: true });
  await mkdir(path.dirname(sdk), { recursive: true });
  if (realSdk) await symlink(path.join(fixtures, "../../../sdk"), sdk, "dir");
  else await cp(path.join(fixtures, "sdk"), sdk, { recursive: true });
  await writeFile(path.join(baseDir, "package.json"), '{ "name": "project" }\n');
  return {
    baseDir,
    entry: "filters/hello/assembly/index.ts",
    edit: (file, text) => writeFile(path.join(filter, file), text),
    remove: (file) => rm(path.join(baseDir, file), { recursive: true }),
    [Symbol.asyncDispose]: () => rm(baseDir, { recursive: true, force: true }),
  };
}

/** A filter whose `onRequestHeaders` has the given body. */
export function filterWith(body: string, more = ""): string {
  return `import { httpCall, HttpContext, RootContext, log } from "proxy-wasm-assemblyscript-sdk";
${more}
export class HelloRoot extends RootContext {
  createHttpContext(): HttpContext | null { return new Hello(); }
}
class Hello extends HttpContext {
  onRequestHeaders(size: u32, endOfStream: bool): u32 {
    ${body}
    return 0;
  }
}
`;
}
