import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Diagnostic } from "../../diagnostics/index.ts";
import type { Path, YamlSource } from "../../harness/cases/source.ts";
import { isObject } from "../../harness/envoy/builders.ts";
import { packageRoot } from "../../harness/provision/cache.ts";
import { keyOf } from "./plugins.ts";
import { schemaFindings } from "./schema.ts";
import type { Workshop } from "./workshop.ts";

const NAMESPACE = /^meshscript\.([a-z][a-z-]*)$/;

/**
 * What routes and virtual hosts say to filters of meshscript, against the filter's `metadata.schema.json`. Envoy takes any metadata, and a filter can
 * only log what it does not understand.
 */
export async function metadataFindings(source: YamlSource, workshop: Workshop): Promise<Diagnostic[]> {
  const findings: Diagnostic[] = [];
  for (const { path, value, filter } of findMetadata(source.value)) {
    const file = join(packageRoot(), `filters/${filter}/metadata.schema.json`);
    const { schema } = await workshop.schema(`${filter}'s metadata`, existsSync(file) ? file : undefined);
    if (!schema) continue;
    const located = { value, locate: (inner: Path, part?: "value" | "key") => source.locate([...path, ...inner], part) };
    findings.push(...schemaFindings(schema, located).map(({ finding }) => finding));
  }
  return findings;
}

interface FoundMetadata {
  path: Path;
  value: unknown;
  filter: string;
}

/** Every `filter_metadata` entry of ours, in the order of the text. */
function findMetadata(value: unknown, path: Path = []): FoundMetadata[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => findMetadata(item, [...path, i]));
  if (!isObject(value)) return [];
  const key = keyOf(value, "filter_metadata");
  return Object.entries(value).flatMap(([name, inner]) => {
    if (name !== key || !isObject(inner)) return findMetadata(inner, [...path, name]);
    return Object.entries(inner).flatMap(([namespace, own]) => {
      const filter = NAMESPACE.exec(namespace)?.[1];
      return filter === undefined ? [] : [{ path: [...path, name, namespace], value: own, filter }];
    });
  });
}
