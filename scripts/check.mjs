// @ts-check
/** `npm run check`: lint, format, types and stale generated files. One line per step, its output only when it fails. `--fix` formats. */
import { spawn } from "node:child_process";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { filesBelow, isAssemblyScript, root } from "./lib/files.mjs";
import { failWith } from "./lib/report.mjs";
import { setup } from "./setup.mjs";

/** @returns {{ title: string, run(): Promise<string | undefined> }[]} each gives its output when it fails */
function steps(fix = false) {
  const assembly = filesBelow(".", isAssemblyScript);
  const prettier = ["prettier/bin/prettier.cjs", fix ? "--write" : "--check", "--log-level=warn", ...assembly];
  return [
    {
      title: "lint and format (biome)",
      run: () => tool(["@biomejs/biome/bin/biome", "check", ...(fix ? ["--write"] : []), "--max-diagnostics=50"]),
    },
    { title: "format of AssemblyScript (prettier)", run: async () => (assembly.length === 0 ? undefined : tool(prettier)) },
    { title: "types (tsc)", run: () => tool(["typescript/bin/tsc", "-p", ".", "--pretty", "false"]) },
    { title: "generated files", run: () => script(["scripts/generate.mjs", "--check"]) },
  ];
}

/**
 * Runs all steps at the same time and prints a line for each, in order.
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function check({ fix = false } = {}) {
  let [passed, failed] = [0, 0];
  const running = steps(fix).map((step) => ({ title: step.title, output: step.run() }));
  for (const { title, output } of running) {
    const text = await output;
    console.log(`${text === undefined ? "ok    " : "FAILED"} ${title}`);
    if (text !== undefined) console.log(text.replace(/^(?=.)/gm, "       ").trimEnd());
    if (text === undefined) passed++;
    else failed++;
  }
  return { passed, failed };
}

/** @param {string[]} args the program's path in node_modules first */
function tool([program = "", ...args]) {
  return script([path.join(root, "node_modules", program), ...args]);
}

/** @param {string[]} args @returns {Promise<string | undefined>} the output of a failed run */
function script(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (/** @type {Buffer} */ chunk) => (output += chunk));
    child.on("error", (error) => resolve(String(error)));
    child.on("close", (code) => resolve(code === 0 ? undefined : output || `exit code ${code}`));
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await setup({ upTo: "dist" }).catch(failWith);
  const { failed } = await check({ fix: process.argv.includes("--fix") });
  process.exitCode = failed > 0 ? 1 : 0;
}
