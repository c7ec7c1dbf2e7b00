import { existsSync } from "node:fs";
import { join } from "node:path";
import { findFilters } from "../../modules/index.ts";
import { Asker } from "../check/asker.ts";
import { checkFile } from "../check/check-file.ts";
import { type Filter, filterNamed } from "../check/filters.ts";
import { asGithub, asJson, asText, exitCodeOf, isOk, okLine, tidied, totals } from "../check/output.ts";
import type { Report } from "../check/question.ts";
import { Workshop } from "../check/workshop.ts";
import type { Command, Context } from "../command.ts";
import { usage } from "../parse.ts";

/** `meshscript check`: says what is wrong in files before anything runs with them. */
export const check: Command = {
  name: "check",
  summary: "find the mistakes in configurations of filters, Envoy and Istio, and in files of cases",
  description: [
    "A file is what its content says: an Envoy bootstrap, resources for Envoy's file-based xDS, cases, resources of Istio and the Gateway API, or else the configuration of a filter. Whose configuration it is says --filter, or the folder (config.json beside assembly/), or its name (NAME.json). Without FILE: config.json and cases.yaml of every filter of the working directory.",
    "A filter's configuration is checked against its config.schema.json, then by the module itself in a real Envoy; a filter whose sources changed is built before. In Envoy's configuration every wasm plugin is checked: its module, and its configuration, if the filter is known. Then Envoy validates the whole, which opens no port. It does not follow dynamic_resources: name those files, too. Paths of modules count from the working directory, as in Envoy.",
    "Resources of Istio and the Gateway API, several in a file or in a List, are checked by the schemas of their CRDs: unknown fields, types, what is missing or excludes each other. No cluster is asked.",
    "Each finding has a code, a place, help and a page in docs/errors. The findings go to stdout, one line for each file without any to stderr.",
  ],
  arguments: { usage: "[FILE...]", min: 0, max: Number.POSITIVE_INFINITY },
  flags: {
    filter: {
      type: "string",
      short: "f",
      value: "NAME",
      description: "every FILE is a configuration of this filter: a name, or the path of a module",
    },
    output: {
      type: "string",
      short: "o",
      value: "FORMAT",
      choices: ["text", "json", "github"],
      default: "text",
      description: "text, json (the same as --json), or github: annotations in a workflow of GitHub Actions",
    },
    "no-envoy": { type: "boolean", description: "leave Envoy out: schemas, modules and syntax only; milliseconds" },
  },
  examples: [
    { title: "the filter in this folder", command: "meshscript check" },
    { title: "a configuration of Envoy, before it goes live", command: "meshscript check envoy-configs/tracing.yaml" },
    { title: "Istio's resources, without a cluster", command: "meshscript check istio/*.yaml" },
    { title: "a configuration of a filter, whatever it is called", command: "meshscript check --filter tracing edge.json" },
    { title: "annotations in a pull request", command: "meshscript check envoy/*.yaml -o github" },
  ],
  exits: {
    data: "a file cannot be read, or is no YAML or JSON",
    environment: "no findings, but there is no Envoy to ask",
    findings: "findings",
  },
  async run(context) {
    const { flags, io, say, json, printJson, print, color } = context;
    const filter = await filterOf(flags.text("filter"), io.cwd);
    const files = context.positionals.length > 0 ? [...new Set(context.positionals)] : await ownFiles(io.cwd, filter);
    const withoutEnvoy = flags.on("no-envoy");
    const asker = new Asker({ io, say, never: withoutEnvoy });
    const workshop = new Workshop(io.cwd, asker, withoutEnvoy, say);
    const reports: Report[] = [];
    for (const file of files) {
      const report = tidied(await checkFile(file, filter, workshop));
      // A blank line between blocks, as between the findings of one.
      if (!json)
        show(
          report,
          context,
          reports.some(({ findings }) => findings.length > 0),
        );
      reports.push(report);
    }
    const troubles = [...workshop.troubles, ...asker.failure];
    if (json) printJson(asJson(reports, troubles));
    else {
      if (troubles.length > 0) print(isGithub(context) ? asGithub(troubles, io.cwd, undefined) : asText(troubles, color.stdout));
      if (files.length > 1) say(totals(reports));
    }
    return exitCodeOf(reports, troubles);
  },
};

function show(report: Report, context: Context, below: boolean): void {
  const { io, print, say, color } = context;
  const { findings } = report;
  if (findings.length > 0) {
    print(
      isGithub(context) ? asGithub(findings, io.cwd, io.env["GITHUB_WORKSPACE"]) : `${below ? "\n" : ""}${asText(findings, color.stdout)}`,
    );
  }
  if (isOk(report)) say(okLine(report));
}

function isGithub({ flags }: Context): boolean {
  return flags.text("output") === "github";
}

async function filterOf(name: string | undefined, cwd: string): Promise<Filter | undefined> {
  return name === undefined ? undefined : filterNamed(name, cwd);
}

/** What lies beside the filters of the working directory. @throws MeshscriptError MS0504 when nothing does */
async function ownFiles(cwd: string, filter: Filter | undefined): Promise<string[]> {
  if (filter)
    throw usage("MS0504", "check --filter needs FILE...", `write for example \`meshscript check --filter ${filter.name} config.json\``);
  const filters = await findFilters(cwd);
  const files = filters.flatMap(({ folder }) => ["config.json", "cases.yaml"].map((name) => join(folder, name)));
  const there = files.filter((file) => existsSync(join(cwd, file)));
  if (there.length === 0) {
    const why = filters.length === 0 ? "no filter is here" : "the filters here have no config.json and no cases.yaml";
    throw usage("MS0504", `check needs FILE...: ${why}`, "name the files: `meshscript check envoy.yaml`");
  }
  return there;
}
