import { z } from "zod";
import { authzConfig } from "./authz/config.ts";
import { canaryConfig, canaryMetadata } from "./canary/config.ts";
import { faultInjectionConfig } from "./fault-injection/config.ts";
import { metricsConfig } from "./metrics/config.ts";
import { peerMetadataConfig } from "./peer-metadata/config.ts";
import { ratelimitConfig, ratelimitMetadata } from "./ratelimit/config.ts";
import { tracingConfig } from "./tracing/config.ts";

/** The configuration of each filter, by its name. */
export const filterConfigs = {
  authz: authzConfig,
  canary: canaryConfig,
  "fault-injection": faultInjectionConfig,
  metrics: metricsConfig,
  "peer-metadata": peerMetadataConfig,
  ratelimit: ratelimitConfig,
  tracing: tracingConfig,
} as const;

/** What routes may say to a filter, under `meshscript.<filter>` in their metadata, by the filter's name. */
export const filterMetadata = { canary: canaryMetadata, ratelimit: ratelimitMetadata } as const;

interface JsonSchema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  minimum?: number;
  maximum?: number;
  not?: object;
}

/** `config.schema.json` of a filter: JSON Schema draft-07, which editors understand. */
export function schemaFile(name: keyof typeof filterConfigs): string {
  return draft7(filterConfigs[name], `Configuration of the ${name} filter`);
}

/** `metadata.schema.json` of a filter that reads the metadata of routes. */
export function metadataSchemaFile(name: keyof typeof filterMetadata): string {
  return draft7(filterMetadata[name], `Metadata of routes for the ${name} filter: filter_metadata.meshscript.${name}`);
}

function draft7(type: z.ZodType, title: string): string {
  const { $schema, ...rest } = z.toJSONSchema(type, { target: "draft-7", io: "input" });
  return `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`;
}

/** A README with the table of fields put between its markers. */
export function readmeFile(name: keyof typeof filterConfigs, text: string): string {
  const schema = z.toJSONSchema(filterConfigs[name], { target: "draft-7", io: "input" }) as JsonSchema;
  const table = ["| Field | Type | Default | Description |", "| --- | --- | --- | --- |", ...rows(schema, "")].join("\n");
  const markers = /(<!-- fields: generated from config\.ts -->\n)[\s\S]*?(<!-- \/fields -->)/;
  return text.replace(markers, (_, open: string, close: string) => `${open}${table}\n${close}`);
}

function rows(schema: JsonSchema, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const name = `${prefix}${key}`;
    // A field that must not be there is in the schema for its message.
    if (field.not !== undefined && field.type === undefined) return [];
    if (field.properties) return rows(field, `${name}.`);
    const required = prefix !== "" && schema.required?.includes(key);
    const value = field.default === undefined ? (required ? "required" : "") : `\`${JSON.stringify(field.default)}\``;
    const own = `| \`${name}\` | ${typeOf(field)} | ${value} | ${(field.description ?? "").replaceAll("|", "\\|")} |`;
    return [own, ...(field.anyOf ?? []).flatMap((choice) => rows(choice, `${name}.`)), ...elements(field, name)];
  });
}

/** The fields of a list's objects; those of values and conditions are in docs/policy.md. */
function elements(field: JsonSchema, name: string): string[] {
  return field.items === undefined || isVocabulary(field.items) ? [] : rows(field.items, `${name}[].`);
}

function isVocabulary(schema: JsonSchema): boolean {
  return schema.properties?.["pathTemplate"] !== undefined;
}

function typeOf(field: JsonSchema): string {
  if (field.enum) return field.enum.map((choice) => `\`${JSON.stringify(choice)}\``).join(" ");
  if (field.anyOf) return field.anyOf.map(typeOf).join(" or ");
  if (field.type === "array") return listOf(field.items);
  const range = field.minimum !== undefined && field.maximum !== undefined ? ` ${field.minimum} to ${field.maximum}` : "";
  return `${field.type ?? "any"}${range}`;
}

function listOf(items: JsonSchema | undefined): string {
  if (items?.type !== "object") return "list of strings";
  if (!isVocabulary(items)) return "list of objects";
  return `list of [${items.properties?.["exact"] === undefined ? "values" : "conditions"}](../../docs/policy.md)`;
}
