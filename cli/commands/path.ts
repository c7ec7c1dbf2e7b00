import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { exitCodes } from "../../diagnostics/index.ts";
import type { Command } from "../command.ts";
import { findModule } from "../modules.ts";
import { usage } from "../parse.ts";

/** `meshscript path`: where a module is, for scripts and configurations. */
export const path: Command = {
  name: "path",
  summary: "print where the module of a filter is",
  description: [
    "Absolute, on stdout and nothing else. NAME is a module in build/ of the working directory, then one that comes with meshscript: these are ready to use, nobody has to compile them.",
    "Beside NAME.wasm lie NAME.wasm.map for `meshscript symbolize`, NAME.debug.wasm and NAME.report.json; build/SHA256SUMS of the package has the sums of them all.",
  ],
  arguments: { usage: "NAME", min: 1, max: 1 },
  flags: {
    debug: { type: "boolean", description: "the module with assertions, for development" },
    sha256: { type: "boolean", description: "the SHA-256 of the file instead, as Istio's and Envoy's configurations want it" },
  },
  examples: [
    { title: "the module that comes with meshscript", command: "meshscript path tracing" },
    { title: "with assertions, while something is looked for", command: "meshscript path tracing --debug" },
    { title: "for `sha256:` in a configuration", command: "meshscript path tracing --sha256" },
  ],
  exits: { usage: "wrong command, flag or argument, or there is no such module" },
  async run({ positionals: [name = ""], flags, io, json, print, printJson }) {
    const module = findModule(name, io.cwd);
    const file = flags.on("debug") ? module.path.replace(/\.wasm$/, ".debug.wasm") : module.path;
    if (!existsSync(file)) throw usage("MS0506", `there is no ${file}`, "`meshscript build` makes it");
    const sha256 = createHash("sha256").update(readFileSync(file)).digest("hex");
    if (json) printJson({ success: true, name: module.name, path: file, sha256 });
    else print(flags.on("sha256") ? sha256 : file);
    return exitCodes.ok;
  },
};
