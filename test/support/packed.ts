import { execFile } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { packageRoot } from "../../harness/provision/cache.ts";

const run = promisify(execFile);

/** The tarballs as npm would publish them, by the package's name. */
export interface Packed {
  meshscript: string;
  "proxy-wasm-assemblyscript-sdk": string;
  "create-meshscript": string;
}

/** Packs the three packages into a folder. */
export async function pack(folder: string): Promise<Packed> {
  await mkdir(folder, { recursive: true });
  await run("npm", ["pack", "--workspaces", "--include-workspace-root", "--pack-destination", folder, "--loglevel=error"], {
    cwd: packageRoot(),
  });
  const files = await readdir(folder);
  const of = (name: string) => {
    const found = files.find((file) => file.startsWith(`${name}-`) && /^\d/.test(file.slice(name.length + 1)));
    if (found === undefined) throw new Error(`npm packed no ${name}: ${files.join(", ")}`);
    return path.join(folder, found);
  };
  return {
    meshscript: of("meshscript"),
    "proxy-wasm-assemblyscript-sdk": of("proxy-wasm-assemblyscript-sdk"),
    "create-meshscript": of("create-meshscript"),
  };
}
