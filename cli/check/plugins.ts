import type { Path } from "../../harness/cases/source.ts";
import { isObject } from "../../harness/envoy/builders.ts";
import type { ConfigObject } from "../../harness/index.ts";

/** A wasm plugin somewhere in Envoy's configuration: an HTTP or network filter, an access logger, a service, a stats sink. */
export interface FoundPlugin {
  /** To its `envoy.extensions.wasm.v3.PluginConfig`. */
  path: Path;
  config: ConfigObject;
  /** Envoy does not load it in validation: services and stats sinks begin with the server. */
  idle: boolean;
}

const TYPE =
  /(?:^|\/)envoy\.extensions\.(?:(?:filters\.(?:http|network)|access_loggers)\.wasm\.v3\.\w+|(stat_sinks\.wasm\.v3\.\w+|wasm\.v3\.WasmService))$/;

/** Every wasm plugin, in the order of the text. */
export function findPlugins(value: unknown, path: Path = []): FoundPlugin[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => findPlugins(item, [...path, i]));
  if (!isObject(value)) return [];
  // A TypedStruct carries the name of the type, and the message in `value`.
  const wrapped = typeof field(value, "type_url") === "string";
  const type = TYPE.exec(String(wrapped ? field(value, "type_url") : value["@type"]));
  const holder = wrapped ? value["value"] : value;
  if (type && isObject(holder) && isObject(holder["config"])) {
    const at = wrapped ? [...path, "value", "config"] : [...path, "config"];
    return [{ path: at, config: holder["config"], idle: type[1] !== undefined }];
  }
  return Object.entries(value).flatMap(([key, inner]) => findPlugins(inner, [...path, key]));
}

/** The key under which an object has a field: Envoy reads `vm_config` and `vmConfig` alike. */
export function keyOf(object: unknown, name: string): string {
  const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return isObject(object) && !(name in object) && camel in object ? camel : name;
}

/** A field of an object, or of nothing. */
export function field(object: unknown, name: string): unknown {
  return isObject(object) ? object[keyOf(object, name)] : undefined;
}

/** The path to a field, through both spellings, as far as the objects are there. */
export function pathTo(object: unknown, ...names: readonly string[]): string[] {
  let current = object;
  return names.map((name) => {
    const key = keyOf(current, name);
    current = isObject(current) ? current[key] : undefined;
    return key;
  });
}

/** What is at a path of field names, through both spellings. */
export function dig(object: unknown, ...names: readonly string[]): unknown {
  return names.reduce(field, object);
}
