import { z } from "zod";
import { OWN_GROUP } from "../model/own-group.ts";
import { CONFIGURABLE } from "../model/parts.ts";
import type { Kind } from "./kinds.ts";

const ports = z.array(z.strictObject({ number: z.int().min(1).max(65535) }));
const mode = z.enum(["UNDEFINED", "CLIENT", "SERVER", "CLIENT_AND_SERVER"]);
const variable = z.strictObject({
  name: z.string().min(1).describe("The variable's name."),
  value: z.string().optional().describe("Its value, unless it comes from the proxy's own environment."),
  valueFrom: z.enum(["INLINE", "HOST"]).optional().describe("`HOST`: it has the value that the proxy's process has [INLINE]."),
});
const target = z.strictObject({ group: z.string(), kind: z.string(), name: z.string(), namespace: z.string().optional() });

/** `spec` of a Filter. Its scope is said as WasmPlugin says it. */
const spec = z.strictObject({
  filter: z.enum(CONFIGURABLE).optional().describe("One of meshscript's filters, in the module that all proxies have. Or `wasm`."),
  wasm: z.string().min(1).optional().describe("The path of a module of your own, from this file. Or `filter`."),
  config: z.record(z.string(), z.unknown()).optional().describe("The filter's own configuration, as its README has it."),
  enabled: z.boolean().optional().describe("`false` leaves the filter out where the mesh would have it [true]."),
  selector: z
    .strictObject({ matchLabels: z.record(z.string(), z.string()).optional() })
    .optional()
    .describe("The workloads, by their labels [all of the namespace; in istio-system of the mesh]."),
  targetRefs: z.array(target).optional().describe("Gateways of the Gateway API, instead of a selector."),
  match: z
    .array(z.strictObject({ mode: mode.optional(), ports: ports.optional() }))
    .optional()
    .describe("Which traffic: `CLIENT` is what goes out, and all of a gateway's; `SERVER` is what comes in [both]."),
  phase: z
    .enum(["UNSPECIFIED", "AUTHN", "AUTHZ", "STATS"])
    .optional()
    .describe("Of `wasm`: AUTHN and AUTHZ are in front of our filters, the others behind them [UNSPECIFIED]."),
  priority: z.int().optional().describe("Of several the higher comes first [the lowest]."),
  pluginName: z.string().optional().describe("Of `wasm`: which of the module's filters, its root id."),
  failurePolicy: z
    .enum(["FAIL_CLOSED", "FAIL_OPEN", "FAIL_RELOAD"])
    .optional()
    .describe("Of `wasm`: what becomes of requests when it traps [FAIL_CLOSED]."),
  vmConfig: z
    .strictObject({ env: z.array(variable).optional() })
    .optional()
    .describe("Environment variables, the place for secrets."),
});

/** In CEL, as CRDs have them. */
const RULES = [
  ["has(self.filter) || has(self.wasm)", "needs `filter`, one of meshscript's, or `wasm`, a module of your own"],
  ...["phase", "pluginName", "failurePolicy"].map((field) => [
    `has(self.wasm) || !has(self.${field})`,
    `\`${field}\` is of \`wasm\`: meshscript's filters are one module, and have their places in it`,
  ]),
  [
    "!has(self.filter) || self.filter != 'authz' || !has(self.enabled) || self.enabled",
    "without authz AuthorizationPolicies would let all through",
  ],
];

/** Kinds of ours, as a CRD would have them: the source of mesh/schemas/meshscript.json. */
export function ownKindsFile(): string {
  const { $schema: _, ...schema } = z.toJSONSchema(spec, { target: "draft-7", io: "input" });
  const forms = [{ versions: ["v1alpha1"], spec: { ...schema, atMostOneOf: ["filter", "wasm"], rules: RULES } }];
  const kinds: Kind[] = [{ group: OWN_GROUP, kind: "Filter", scope: "Namespaced", required: true, forms }];
  return `${JSON.stringify({ $comment: "Generated from mesh/resources/filter-schema.ts.", kinds }, null, 2)}\n`;
}

/** mesh/schemas/filter.schema.json: for editors, with the configurations of the filters. */
export function filterSchemaFile(): string {
  const { $schema, ...own } = z.toJSONSchema(spec, { target: "draft-7", io: "input" });
  const configs = CONFIGURABLE.map((name) => ({
    if: { required: ["filter"], properties: { filter: { const: name } } },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema calls it so.
    then: { properties: { config: { $ref: `../../filters/${name}/config.schema.json` } } },
  }));
  const texts = { type: "object", additionalProperties: { type: "string" } };
  const schema = {
    $schema,
    title: "Filters of a mesh: meshscript.yaml",
    type: "object",
    properties: {
      apiVersion: { const: `${OWN_GROUP}/v1alpha1` },
      kind: { const: "Filter" },
      metadata: {
        type: "object",
        properties: { name: { type: "string" }, namespace: { type: "string" }, labels: texts, annotations: texts },
        required: ["name"],
      },
      spec: { ...own, oneOf: [{ required: ["filter"] }, { required: ["wasm"] }], allOf: configs },
    },
    required: ["apiVersion", "kind", "metadata", "spec"],
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
