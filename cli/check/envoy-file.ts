import { resolve } from "node:path";
import { type Diagnostic, type SourceLocation, diagnostic } from "../../diagnostics/index.ts";
import type { Path, YamlSource } from "../../harness/cases/source.ts";
import type { ConfigObject } from "../../harness/index.ts";
import { envoyFindings } from "./ask.ts";
import { capabilityFindings } from "./capabilities.ts";
import { ConfigText } from "./config-text.ts";
import { nameOf, schemaOf } from "./filters.ts";
import { metadataFindings } from "./metadata.ts";
import { checkModule } from "./module.ts";
import { type FoundPlugin, dig, findPlugins, pathTo } from "./plugins.ts";
import type { Plugin, Report } from "./question.ts";
import { type Schema, schemaFindings } from "./schema.ts";
import type { Workshop } from "./workshop.ts";
import { wrapped } from "./xds.ts";

/** An Envoy bootstrap, or a file of resources: its plugins one by one, then the whole by Envoy. */
export async function checkEnvoyFile(source: YamlSource, file: string, kind: "envoy" | "xds", workshop: Workshop): Promise<Report> {
  const findings: Diagnostic[] = [];
  const plugins: Plugin[] = [];
  const schemas = new Set<string>();
  for (const found of findPlugins(source.value)) {
    const checked = await checkPlugin(found, source, file, workshop);
    findings.push(...checked.findings);
    plugins.push(checked.plugin);
    if (checked.schema) schemas.add(checked.schema.filter);
  }
  findings.push(...(await metadataFindings(source, workshop)));
  const { value, toFile, toQuestion, notAsked } = kind === "xds" ? wrapped(source) : asItIs(source.value);
  findings.push(...notAsked);
  const question = {
    value,
    plugins: plugins.flatMap((plugin) => {
      const path = toQuestion(plugin.path);
      return path ? [{ ...plugin, path }] : [];
    }),
    ...(kind === "envoy" ? { file: resolve(workshop.cwd, file) } : {}),
    locate: (path: Path, part: "key" | "value") => source.locate(toFile(path), part),
    part: kind === "xds",
  };
  findings.push(...(await envoyFindings(question, workshop.asker)));
  const by = await workshop.judges(schemas.size > 0 ? `schema of ${[...schemas].join(", ")}` : undefined, plugins.length > 0);
  return { file, kind, what: whatOf(kind, source.value, plugins.length), by, findings };
}

/** JSON and back, because aliases make one object of several. */
function asItIs(value: unknown) {
  const same = (path: Path) => path;
  return { value: JSON.parse(JSON.stringify(value)) as ConfigObject, toFile: same, toQuestion: same, notAsked: [] as Diagnostic[] };
}

function whatOf(kind: "envoy" | "xds", value: unknown, plugins: number): string {
  const resources = dig(value, "resources");
  const what = kind === "envoy" ? "Envoy configuration" : counted(Array.isArray(resources) ? resources.length : 0, "xDS resource");
  return `${what}${plugins === 0 ? "" : ` with ${counted(plugins, "wasm plugin")}`}`;
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

interface CheckedPlugin {
  plugin: Plugin;
  findings: Diagnostic[];
  schema?: Schema;
}

async function checkPlugin(found: FoundPlugin, source: YamlSource, file: string, workshop: Workshop): Promise<CheckedPlugin> {
  const { path, config, idle } = found;
  const module = await checkModule(found, source, file, workshop);
  const name = typeof config["name"] === "string" && config["name"] !== "" ? config["name"] : "a plugin without a name";
  const plugin: Plugin = {
    path,
    name,
    ...(module.path === undefined ? {} : { module: module.path }),
    locate: (...names) => nearest(source, found, names),
    reported: [],
    unfit: module.findings.length > 0,
    broken: module.broken,
    idle,
  };
  const findings = [...module.findings];
  if (module.path !== undefined && !module.broken) findings.push(...capabilityFindings(found, source, module.path));
  // For a module that nobody knows only the module itself can tell what it takes.
  const schemaFile = module.path === undefined ? undefined : await schemaOf(module.path, workshop.cwd);
  const { schema, findings: ofSchema } = await workshop.schema(nameOf(module.path ?? ""), schemaFile);
  findings.push(...ofSchema);
  const type = dig(config, "configuration", "@type");
  if (schema && typeof type === "string" && !/\bgoogle\.protobuf\.(?:String|Bytes)Value$/.test(type)) {
    const location = source.locate([...path, ...pathTo(config, "configuration", "@type")]);
    findings.push(diagnostic("MS0906", `${name} gets its configuration as ${type.replace(/^.*\//, "")}`, { location }));
    return { plugin: { ...plugin, broken: true }, findings, schema };
  }
  const text = ConfigText.inside(source, [...path, ...pathTo(config, "configuration", "value")]);
  if (!text || !/StringValue$/.test(String(type))) return { plugin, findings, ...(schema ? { schema } : {}) };
  if (!schema) return { plugin: { ...plugin, text }, findings };
  if (text.mistake) return { plugin: { ...plugin, text, broken: true }, findings: [...findings, text.mistake], schema };
  const mistakes = schemaFindings(schema, text);
  findings.push(...mistakes.map(({ finding }) => finding));
  return { plugin: { ...plugin, text, reported: mistakes.map(({ path: at }) => at) }, findings, schema };
}

/** The key of the last of the fields that is there. */
function nearest(source: YamlSource, { path, config }: FoundPlugin, names: readonly string[]): SourceLocation {
  const there = names.findIndex((_, i) => dig(config, ...names.slice(0, i + 1)) === undefined);
  const field = there < 0 ? names : names.slice(0, there);
  return source.locate([...path, ...pathTo(config, ...(field.length === 0 ? ["name"] : field))], "key");
}
