import { z } from "zod";
import { filterConfigs } from "../filters/configs.ts";

const parts = Object.entries(filterConfigs).map(([name, config]) =>
  z.strictObject({
    name: z.literal(name).describe("The filter."),
    config: (config as z.ZodType).optional().describe("The filter's own configuration."),
  }),
);

/** The configuration of the fused module: the source of config.schema.json. */
export const meshConfig = z.strictObject({
  filters: z
    .array(z.discriminatedUnion("name", parts as [(typeof parts)[number], ...typeof parts]))
    .default([])
    .describe("The filters of the chain, the first in front. One may be there several times, and one that is not there costs nothing."),
});

/** `config.schema.json`: JSON Schema draft-07, which editors understand. */
export function schemaFile(): string {
  const { $schema, ...rest } = z.toJSONSchema(meshConfig, { target: "draft-7", io: "input", reused: "ref" });
  return `${JSON.stringify({ $schema, title: "Configuration of the fused module", ...rest }, null, 2)}\n`;
}
