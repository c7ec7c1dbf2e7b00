import type { Diagnostic, SourceLocation } from "../../diagnostics/index.ts";
import type { Path } from "../../harness/cases/source.ts";
import { type ConfigObject, httpListener } from "../../harness/index.ts";
import type { ConfigText } from "./config-text.ts";
import { keyOf } from "./plugins.ts";

/** A wasm plugin in what Envoy is asked about. */
export interface Plugin {
  /** To its PluginConfig in the question. */
  path: Path;
  /** For a person. */
  name: string;
  /** The path of its module, when that is a file. */
  module?: string;
  /** Its configuration, where that is a text. */
  text?: ConfigText;
  /** Where a part of its PluginConfig stands, by field names; the nearest thing that is there. */
  locate(...names: string[]): SourceLocation;
  /** What is reported already of its configuration; a refusal of the same is no news. */
  reported: Path[];
  /** So is that the module does not start, when the verifier has found why. */
  unfit: boolean;
  /** Envoy would refuse it for something that is reported already. */
  broken: boolean;
  /** Envoy does not load it in validation, so it is asked as an HTTP filter. */
  idle: boolean;
}

/** A bootstrap that Envoy is asked about, and how its places are those of the user's file. */
export interface Question {
  value: ConfigObject;
  plugins: readonly Plugin[];
  /** Asked as it is, first: the file itself is a bootstrap. */
  file?: string;
  /** Of what stands at a path in `value`; the nearest place that is known. */
  locate(path: Path, part: "key" | "value"): SourceLocation;
  /** Clusters are elsewhere: the file is a part of a configuration. */
  part: boolean;
}

/** What a file was found to be, and what is wrong in it. */
export interface Report {
  /** As the user named it. */
  file: string;
  kind: "cases" | "envoy" | "xds" | "config" | "resources" | "unknown";
  /** For the line that says that all is well: `configuration of tracing`. */
  what: string;
  /** Who judged it: `schema`, `Envoy 1.40.0`. */
  by: readonly string[];
  findings: readonly Diagnostic[];
  /** It could not even be read. */
  unreadable?: true;
}

/** Puts a module that takes everything in the place of a plugin's own, so that Envoy goes on to what else there is. */
export function accept(config: ConfigObject, accepting: string): void {
  const vm = keyOf(config, "vm_config");
  delete config["configuration"];
  config[vm] = { runtime: "envoy.wasm.runtime.v8", code: { local: { filename: accepting } } };
}

/** A listener for the plugins that Envoy would not load in validation. */
export function withIdle(value: ConfigObject, configs: readonly ConfigObject[]): ConfigObject {
  if (configs.length === 0) return value;
  const key = keyOf(value, "static_resources");
  const resources = (value[key] ?? {}) as ConfigObject;
  const typed = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
  const listener = httpListener({ name: "meshscript.check" });
  chainOf(listener).unshift(...configs.map((config, i) => ({ name: `meshscript.check.${i}`, typed_config: { "@type": typed, config } })));
  const listeners = Array.isArray(resources["listeners"]) ? (resources["listeners"] as unknown[]) : [];
  return { ...value, [key]: { ...resources, listeners: [...listeners, listener] } };
}

/** The HTTP filters of a listener of ours. */
export function chainOf(listener: ConfigObject): unknown[] {
  const [chain] = listener["filter_chains"] as { filters: { typed_config: { http_filters: unknown[] } }[] }[];
  return chain?.filters[0]?.typed_config.http_filters ?? [];
}
