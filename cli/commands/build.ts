import { relative } from "node:path";
import { MeshscriptError, diagnostic, exitCodes, render } from "../../diagnostics/index.ts";
import { buildModule, findFilters } from "../../modules/index.ts";
import type { Command } from "../command.ts";
import { moduleNotFound } from "../modules.ts";
import { kib } from "../text.ts";

/** `meshscript build`: filters of the project in the working directory. */
export const build: Command = {
  name: "build",
  summary: "compile the filters of a project to build/NAME.wasm and verify them",
  description: [
    "The filters of the working directory: assembly/index.ts, whose name is the package's, and every filters/NAME/assembly/index.ts. Beside each module come its source map, a debug module and a report with size, sha256, imports and callbacks. The same sources give the same bytes. Nothing is written for a filter that does not compile or verify.",
  ],
  flags: {
    filter: { type: "string", value: "NAME", multiple: true, default: "every filter", description: "build only this filter" },
    out: { type: "string", value: "DIR", default: "build", description: "where the modules go" },
  },
  examples: [
    { title: "every filter of the project", command: "meshscript build" },
    { title: "one filter, with its report as data", command: "meshscript build --filter tracing --json" },
  ],
  exits: { data: "there is no filter, or one does not compile or verify", environment: "the SDK is missing" },
  async run({ flags, io, json, print, say, printJson, color }) {
    const all = await findFilters(io.cwd);
    const wanted = flags.texts("filter");
    const names = all.map(({ name }) => name);
    for (const name of wanted)
      if (!names.includes(name))
        throw moduleNotFound(name, names, "neither the package nor a folder in filters/ has that name and an assembly/index.ts");
    const chosen = wanted.length === 0 ? all : all.filter(({ name }) => wanted.includes(name));
    if (chosen.length === 0)
      throw new MeshscriptError(diagnostic("MS0207", "no assembly/index.ts and no filters/*/assembly/index.ts in this folder"));
    const built = [];
    for (const { name, entry } of chosen) {
      const module = await buildModule({ name, entry, baseDir: io.cwd, outDir: flags.text("out") ?? "build" });
      built.push(module);
      if (module.warnings.length > 0 && !json) say(render(module.warnings, { color: color.stderr }).trimEnd());
      const { bytes, gzipBytes, callbacks } = module.report;
      const file = relative(io.cwd, module.files.wasm);
      if (!json)
        print(`${file}  ${kib(bytes)} KiB (${kib(gzipBytes)} gzip)  ${callbacks.map((c) => c.replace(/^proxy_on_/, "")).join(" ")}`);
    }
    if (json) {
      const modules = built.map(({ name, files, report }) => ({ name, file: relative(io.cwd, files.wasm), report }));
      printJson({ success: true, modules, diagnostics: built.flatMap(({ warnings }) => warnings) });
    }
    return exitCodes.ok;
  },
};
