// @ts-check
// Takes the schemas of Istio's and the Gateway API's resources out of their CRDs, which come as Go modules: `npm run generate:kubernetes-schemas`.
// The files that it writes are in the repository; it runs again when a version below is raised. Needs Go.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

const SOURCES = [
  { file: "istio", module: "istio.io/api", version: "v1.31.4", folder: "kubernetes" },
  { file: "gateway-api", module: "sigs.k8s.io/gateway-api", version: "v1.6.0", folder: "config/crd/standard" },
];

/** @typedef {Record<string, any>} Schema */

/** What a JSON schema of draft-07 has, too. */
const KEPT = [
  "type",
  "enum",
  "pattern",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "minimum",
  "maximum",
  "maxProperties",
  "required",
  "default",
];

/**
 * A structural schema of Kubernetes as JSON schema: what is not in it is a mistake, as it is for `kubectl`, which refuses unknown fields.
 * @param {Schema} schema
 * @returns {Schema}
 */
function converted(schema) {
  /** @type {Schema} */
  const made = {};
  for (const key of KEPT) if (schema[key] !== undefined) made[key] = schema[key];
  const sentence = /^[\s\S]*?[.!](?=\s|$)/.exec(schema.description ?? "")?.[0].replaceAll(/\s+/g, " ");
  if (sentence && sentence.length <= 160) made.description = sentence;
  if (schema["x-kubernetes-int-or-string"]) made.type = ["integer", "string"];
  // A null is as good as nothing there.
  if (schema.nullable && made.type) made.type = [made.type, "null"].flat();
  const rivals = rivalsOf(schema.oneOf);
  if (rivals) made.atMostOneOf = rivals;
  else
    for (const key of ["oneOf", "anyOf", "allOf"])
      if (schema[key] && !schema["x-kubernetes-int-or-string"]) made[key] = schema[key].map(converted);
  if (schema.not) made.not = converted(schema.not);
  const rules = (schema["x-kubernetes-validations"] ?? []).filter((/** @type {Schema} */ { rule }) => !rule.includes("oldSelf"));
  // Words of CEL are escaped where they are fields.
  const own = (/** @type {string} */ rule) => rule.replaceAll(/__([a-z]+)__/g, "$1").replaceAll(/\s+/g, " ");
  if (rules.length > 0) made.rules = rules.map((/** @type {Schema} */ { rule, message }) => [own(rule), message]);
  if (schema.items) made.items = converted(schema.items);
  if (schema.properties) {
    made.properties = Object.fromEntries(Object.entries(schema.properties).map(([name, inner]) => [name, converted(inner)]));
    // Within a combination the fields are those of the whole.
    if (schema.type === "object" && !schema["x-kubernetes-preserve-unknown-fields"]) made.additionalProperties = false;
  }
  if (typeof schema.additionalProperties === "object") made.additionalProperties = converted(schema.additionalProperties);
  return made;
}

/**
 * The fields of protobuf's `oneof`, which CRDs write as: none of them, or exactly one.
 * @param {Schema[] | undefined} oneOf
 * @returns {string[] | undefined}
 */
function rivalsOf(oneOf) {
  const [none, ...one] = oneOf ?? [];
  if (!none?.not?.anyOf || one.some((form) => form.required?.length !== 1 || Object.keys(form).length !== 1)) return undefined;
  return one.map(({ required }) => required[0]);
}

/** @param {string} folder */
function crdsIn(folder) {
  const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  const all = files.flatMap((name) => parseAllDocuments(readFileSync(join(folder, name), "utf8")).map((document) => document.toJS()));
  return all.filter((one) => one?.kind === "CustomResourceDefinition").map(({ spec }) => spec);
}

for (const { file, module, version, folder } of SOURCES) {
  const { Dir } = JSON.parse(execFileSync("go", ["mod", "download", "-json", `${module}@${version}`], { encoding: "utf8" }));
  const kinds = crdsIn(join(Dir, folder)).map(({ group, names, scope, versions }) => {
    const served = versions.filter((/** @type {Schema} */ each) => each.served);
    const schemas = served.map((/** @type {Schema} */ each) =>
      JSON.stringify(converted(each.schema.openAPIV3Schema.properties.spec ?? {})),
    );
    const required = served.every((/** @type {Schema} */ each) => each.schema.openAPIV3Schema.required?.includes("spec"));
    /** @type {{ versions: string[], spec: Schema }[]} */
    const forms = [];
    for (const [i, text] of schemas.entries()) {
      const same = forms.find(({ spec }) => JSON.stringify(spec) === text);
      if (same) same.versions.push(served[i].name);
      else forms.push({ versions: [served[i].name], spec: JSON.parse(text) });
    }
    return { group, kind: names.kind, scope, ...(required ? { required } : {}), forms };
  });
  kinds.sort((a, b) => `${a.group} ${a.kind}`.localeCompare(`${b.group} ${b.kind}`));
  const comment = `Taken out of the CRDs of ${module} ${version} (Apache-2.0) by scripts/kubernetes-schemas.mjs.`;
  writeFileSync(join("mesh/schemas", `${file}.json`), `${JSON.stringify({ $comment: comment, kinds })}\n`);
}
