// @ts-check
/** `prepack`: what the package carries and the repository does not: compiled TypeScript, declarations, modules and their sums. */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { root, writeAtomically } from "./lib/files.mjs";
import { KnownError } from "./lib/known-error.mjs";
import { failWith } from "./lib/report.mjs";
import { setup } from "./setup.mjs";

await setup({ upTo: "modules" }).catch(failWith);
const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
const { status } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.types.json"], { cwd: root, stdio: ["ignore", 2, 2] });
if (status !== 0) process.exit(status ?? 70);

const build = path.join(root, "build");
const files = readdirSync(build)
  .filter((name) => /\.(wasm|map|json)$/.test(name))
  .sort();
const own = ["mesh", ...readdirSync(path.join(root, "filters"))];
const strange = files.filter((name) => !own.includes(name.split(".")[0] ?? ""));
if (strange.length > 0)
  await failWith(new KnownError(`of no filter in filters/, and would be packed: build/${strange.join(", build/")}; remove them`, 70));

// As `sha256sum --check` reads it.
const sums = files.map(
  (name) =>
    `${createHash("sha256")
      .update(readFileSync(path.join(build, name)))
      .digest("hex")}  ${name}\n`,
);
writeAtomically(path.join(build, "SHA256SUMS"), sums.join(""));
