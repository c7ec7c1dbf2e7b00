import { readFileSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";

/** A filter that is to be a part of a fused module. */
export interface Part {
  /** What its index.ts registers, and so what configurations call it. */
  name: string;
  /** Its index.ts, relative to the folder that is compiled. */
  entry: string;
}

/** The source of a module that has these parts: `fuse` takes what was registered before. */
export function fusedEntry(name: string, parts: readonly Part[]): string {
  return [
    'import { fuse } from "proxy-wasm-assemblyscript-sdk";',
    ...parts.map(({ entry }) => `import ${JSON.stringify(`./${entry.replace(/\.ts$/, "")}`)};`),
    `fuse(${JSON.stringify(name)});`,
    "",
  ].join("\n");
}

/** What an index.ts registers: `register("ratelimit", ...)`; undefined where that is none or several. */
export function registeredName(file: string): string | undefined {
  const names = [...readFileSync(file, "utf8").matchAll(/^\s*register\(\s*(["'])([^"'\n]+)\1/gm)].map(([, , name]) => name as string);
  return names.length === 1 ? names[0] : undefined;
}

/** AssemblyScript below a folder as virtual files: their paths begin with `as` in its place. */
export async function virtualFolder(folder: string, as: string): Promise<Record<string, string>> {
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith(".ts")).sort();
  const entries = files.map(
    async (file) => [path.posix.join(as, file.replaceAll("\\", "/")), await readFile(path.join(folder, file), "utf8")] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** JSON Schema, draft-07. */
type Schema = Record<string, unknown>;

/** Of a fused module's configuration. A part without a schema takes any object. */
export function fusedSchema(name: string, parts: readonly { name: string; schema?: Schema }[]): Schema {
  const items = parts.map((part) => ({
    type: "object",
    properties: {
      name: { type: "string", const: part.name, description: "The filter." },
      config: part.schema === undefined ? { type: "object" } : { $ref: `#/definitions/${pointer(part.name)}` },
    },
    required: ["name"],
    additionalProperties: false,
  }));
  const known = parts.flatMap(({ name: of, schema }) => (schema === undefined ? [] : [[of, within(schema, of)] as const]));
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: `Configuration of ${name}`,
    type: "object",
    properties: {
      filters: {
        default: [],
        description:
          "The filters of the chain, the first in front. One may be there several times, and one that is not there costs nothing.",
        type: "array",
        items: { oneOf: items },
      },
    },
    additionalProperties: false,
    definitions: Object.fromEntries(known),
  };
}

/** A schema as a definition of another one: what it refers to in itself lies there now. */
function within(schema: Schema, of: string): Schema {
  const { $schema: _, ...rest } = schema;
  const moved = JSON.stringify(rest, (key, value: unknown) =>
    key === "$ref" && typeof value === "string" && value.startsWith("#") ? `#/definitions/${pointer(of)}${value.slice(1)}` : value,
  );
  return JSON.parse(moved) as Schema;
}

/** RFC 6901, in a fragment. */
function pointer(name: string): string {
  return encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"));
}
