#!/usr/bin/env node
// @ts-check
/** The bin: loads the compiled command line. Plain JavaScript, because Node 20 cannot run TypeScript. */
import { existsSync } from "node:fs";

const compiled = new URL("../dist/cli/main.js", import.meta.url);
if (!existsSync(compiled)) {
  process.stderr.write("meshscript: not compiled yet: run `npm run setup` in the folder of the repository\n");
  process.exit(69);
}
// Someone who reads no further (`| head`) is no error.
process.stdout.on("error", (/** @type {NodeJS.ErrnoException} */ error) => process.exit(error.code === "EPIPE" ? 0 : 70));
const { main } = await import(compiled.href).catch((/** @type {Error} */ error) => notLoaded(error.message.split("\n")[0]));
if (typeof main !== "function") notLoaded("dist/cli/main.js is not complete");
const code = await main(process.argv.slice(2));
// 130: a command was left where it was, and what it waits for must not keep the process alive.
if (code === 130) process.exit(130);
process.exitCode = code;

/** Half a dist/, or a package that is gone from node_modules. @param {string | undefined} reason @returns {never} */
function notLoaded(reason) {
  process.stderr.write(
    `meshscript: what is compiled cannot be loaded (${reason}): run \`npm run setup\` in the folder of the repository\n`,
  );
  process.exit(69);
}
