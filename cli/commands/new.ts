import { basename, join, relative, resolve } from "node:path";
import { ScaffoldError, exampleNames, scaffold } from "../../create-meshscript/scaffold.mjs";
import { exitCodes } from "../../diagnostics/index.ts";
import { packageRoot } from "../../harness/provision/cache.ts";
import type { Command } from "../command.ts";
import { usage } from "../parse.ts";

/** `meshscript new`: the same as `npm create meshscript`. */
export const newCommand: Command = {
  name: "new",
  summary: "make a filter package: sources, configuration, cases, tests, editor settings",
  description: [
    "The last part of FOLDER is the name of the filter and of the package. The folder must not be there, or be empty. With --example it begins with one of the examples instead of a greeting.",
    "`npm create meshscript FOLDER` does the same on a machine that has nothing but Node.",
  ],
  arguments: { usage: "FOLDER", min: 1, max: 1 },
  flags: {
    example: {
      type: "string",
      value: "NAME",
      description: "api-key, canary-header, cors, external-callout, grpc-authz, header-rewrite, json-body-check or tcp-limit",
      default: "a filter that greets",
    },
  },
  examples: [
    { title: "a filter in five minutes: then npm install, npm test, npm run dev", command: "meshscript new my-filter" },
    { title: "begin with something that works", command: "meshscript new edge-cors --example cors" },
  ],
  exits: {},
  async run({ positionals: [folder = ""], flags, io, json, print, printJson }) {
    const example = flags.text("example");
    if (folder.trim() === "") throw usage("MS0504", "new needs FOLDER, got an empty name", "write for example `meshscript new my-filter`");
    if (example !== undefined && !examples().includes(example))
      throw usage("MS0503", `there is no example ${JSON.stringify(example)}; there are: ${examples().join(", ")}`);
    const made = making(() =>
      scaffold({
        folder: resolve(io.cwd, folder),
        template: join(packageRoot(), "create-meshscript/template"),
        examples: join(packageRoot(), "examples"),
        ...(example === undefined ? {} : { example }),
      }),
    );
    const inside = relative(io.cwd, made.folder);
    if (json) printJson({ success: true, name: made.name, folder: inside, files: made.files });
    else {
      print(`√ ${basename(made.folder)}: ${made.files.length} files in ${inside || "."}\n`);
      for (const line of [...(inside === "" ? [] : [`cd ${inside}`]), "npm install", "npm test", "npm run dev"]) print(`  ${line}`);
    }
    return exitCodes.ok;
  },
};

/** For the test that the help names them all. */
export const examples = (): string[] => exampleNames(join(packageRoot(), "examples"));

function making<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof ScaffoldError) throw usage("MS0507", error.message);
    throw error;
  }
}
