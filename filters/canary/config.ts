import { z } from "zod";
import { distinct, editableHeader, value } from "../vocabulary.ts";

const split = z.strictObject({
  name: z
    .string()
    .min(1)
    .optional()
    .describe("The split of routes whose metadata say so, `meshscript.canary: { split: NAME }` [of routes that name none]."),
  seed: z.string().default("").describe("Splits with another seed choose other users; with the same they choose the same."),
  unit: value({}).describe("What sticks: a value of the request. Where it is absent, empty or repeated, Envoy draws by chance."),
});

/** The configuration of the canary filter: the source of config.schema.json, of the README's table, and of editor completion. */
export const canaryConfig = z.strictObject({
  header: editableHeader
    .default("x-meshscript-canary")
    .describe("The header that carries the number: `weighted_clusters.header_name` of the routes. What a client sends in it is removed."),
  splits: z
    .array(split)
    .superRefine(distinct("name", "is another split's name already"))
    .default([])
    .describe("Which value of the request decides, by split."),
});

/** What a route may say under `meshscript.canary`. */
export const canaryMetadata = z
  .strictObject({ split: z.string().min(1).optional().describe("The name of the split that decides for this route.") })
  .describe("Which of the filter's splits a route is of.");

/** A configuration as a user writes it; every field but a split's `unit` is optional. */
export type CanaryConfig = z.input<typeof canaryConfig>;
