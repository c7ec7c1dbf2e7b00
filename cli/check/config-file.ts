import { existsSync } from "node:fs";
import type { YamlSource } from "../../harness/cases/source.ts";
import { bootstrap, httpListener } from "../../harness/index.ts";
import { envoyFindings } from "./ask.ts";
import { ConfigText } from "./config-text.ts";
import type { Filter } from "./filters.ts";
import { unfit } from "./module.ts";
import { findPlugins } from "./plugins.ts";
import type { Report } from "./question.ts";
import { schemaFindings } from "./schema.ts";
import type { Workshop } from "./workshop.ts";

/** The configuration of one filter: by its schema, then by the module itself in Envoy. */
export async function checkConfigFile(source: YamlSource, file: string, filter: Filter, workshop: Workshop): Promise<Report> {
  const text = ConfigText.ofFile(source);
  const kind = "config";
  const what = `configuration of ${filter.name}`;
  if (text.mistake) return { file, kind, what, by: [], findings: [text.mistake], unreadable: true };
  const { schema, findings } = await workshop.schema(filter.name, filter.schema);
  const mistakes = schema ? schemaFindings(schema, text) : [];
  const notBuilt = workshop.withoutEnvoy ? [] : await workshop.built(filter);
  findings.push(...mistakes.map(({ finding }) => finding), ...notBuilt);
  // A module of other sources would say what is no more true.
  const there = notBuilt.length === 0 && existsSync(filter.module);
  const verdicts = there ? workshop.verified(filter.module) : [];
  findings.push(...unfit(workshop.shown(filter.module), verdicts, { file }));
  if (there && verdicts.length === 0) {
    const value = bootstrap({ listeners: [httpListener({ filters: [{ name: filter.name, wasm: filter.module, config: text.json }] })] });
    const plugins = findPlugins(value).map(({ path }) => {
      return {
        path,
        name: filter.name,
        module: filter.module,
        text,
        locate: () => ({ file }),
        reported: mistakes.map((mistake) => mistake.path),
        unfit: false,
        broken: false,
        idle: false,
      };
    });
    findings.push(...(await envoyFindings({ value, plugins, locate: () => ({ file }), part: false }, workshop.asker)));
  }
  return { file, kind, what, by: await workshop.judges(schema ? "schema" : "no schema", there), findings };
}
