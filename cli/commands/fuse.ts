import { existsSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { exitCodes, render } from "../../diagnostics/index.ts";
import { packageRoot } from "../../harness/provision/cache.ts";
import { fusedEntry, fusedSchema } from "../../modules/fuse.ts";
import { buildModule } from "../../modules/index.ts";
import { writeOutput } from "../../modules/write-output.ts";
import type { Command } from "../command.ts";
import { type Source, partOf } from "../fuse/parts.ts";
import { usage } from "../parse.ts";
import { kib } from "../text.ts";

const SCHEMA = ".config.schema.json";

/** `meshscript fuse`: several filters in one module. */
export const fuse: Command = {
  name: "fuse",
  summary: "compile several filters to one module that is a filter chain in one VM",
  description: [
    'PART is the name of a filter of the project or of meshscript, or a path to a filter\'s folder or index.ts. Parts need no change: the module goes through them in the order of its configuration, `{ "filters": [{ "name", "config" }] }`, with the semantics of Envoy\'s chain; what is not in that list costs nothing. Headers are read once for all.',
    "Beside FILE.wasm come its source map, a debug module, a report and FILE.config.schema.json, put together of the parts' own. The same sources give the same bytes. One VM means that a trap in one part takes the others down with it: see fused/README.md.",
  ],
  arguments: { usage: "PART...", min: 1, max: Number.POSITIVE_INFINITY },
  flags: { out: { type: "string", short: "o", value: "FILE.wasm", default: "build/fused.wasm", description: "where the module goes" } },
  examples: [
    { title: "two of meshscript's filters and one of your own", command: "meshscript fuse ratelimit authz ./my-filter -o build/mine.wasm" },
    { title: "every name that you give, with the report as data", command: "meshscript fuse tracing metrics --json" },
  ],
  exits: {
    usage: "wrong command, flag or argument, or a part that is not there",
    data: "the module does not compile or verify",
    environment: "the SDK is missing, or an output cannot be written",
    findings: "a part's config.schema.json is no schema",
  },
  async run({ positionals, flags, io, json, print, say, printJson, color }) {
    const file = resolve(io.cwd, flags.text("out") ?? "build/fused.wasm");
    if (!file.endsWith(".wasm") || file.endsWith(".debug.wasm")) throw usage("MS0503", "--out must be the path of a module: FILE.wasm");
    const name = basename(file, ".wasm");
    const parts = await Promise.all(positionals.map((word) => partOf(word, io.cwd)));
    refuseTwins(parts);
    const entry = `${name}.fused.ts`;
    const virtualFiles = Object.assign({ [entry]: fusedEntry(name, parts) }, ...parts.map((part) => part.virtualFiles));
    const outDir = dirname(file);
    const companions = [SCHEMA];
    const module = await buildModule({ name, entry, baseDir: baseOf(parts, io.cwd), outDir, virtualFiles, companions });
    const schema = join(outDir, `${name}${SCHEMA}`);
    await writeOutput(schema, `${JSON.stringify(fusedSchema(name, parts), null, 2)}\n`);
    const { report, warnings } = module;
    const shown = relative(io.cwd, module.files.wasm);
    if (json) {
      const names = parts.map((part) => part.name);
      printJson({ success: true, name, file: shown, schema: relative(io.cwd, schema), parts: names, report, diagnostics: warnings });
      return exitCodes.ok;
    }
    if (warnings.length > 0) say(render(warnings, { color: color.stderr }).trimEnd());
    print(`${shown}  ${kib(report.bytes)} KiB (${kib(report.gzipBytes)} gzip)  ${parts.map((part) => part.name).join(" ")}`);
    return exitCodes.ok;
  },
};

/** A configuration could not say which it means. */
function refuseTwins(parts: readonly Source[]): void {
  for (const [i, { name, entry }] of parts.entries()) {
    const other = parts.slice(0, i).find((part) => part.name === name);
    if (other === undefined) continue;
    const both = other.entry === entry ? "it is there twice" : `${other.entry} and ${entry} register the same name`;
    throw usage("MS0504", `two parts are called ${JSON.stringify(name)}: ${both}`, "a part can be in a configuration as often as you like");
  }
}

/** Of meshscript's own parts alone a module can be made anywhere, with the SDK that meshscript has. */
function baseOf(parts: readonly Source[], cwd: string): string {
  if (parts.some(({ virtualFiles }) => Object.keys(virtualFiles).length === 0)) return cwd;
  for (let folder = cwd; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, "node_modules/proxy-wasm-assemblyscript-sdk"))) return cwd;
  }
  return packageRoot();
}
