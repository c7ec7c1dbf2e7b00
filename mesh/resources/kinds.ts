import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Ajv, ValidateFunction } from "ajv";
import { packageRoot } from "../../harness/provision/cache.ts";
import { rulesKeyword } from "./rules.ts";

/** A kind of resource whose schema is known, as its CRD has it. */
export interface Kind {
  /** `networking.istio.io` */
  group: string;
  /** `VirtualService` */
  kind: string;
  scope: "Namespaced" | "Cluster";
  /** There is none without a `spec`. */
  required?: true;
  /** Versions that are served; those with the same schema together. */
  forms: readonly { versions: readonly string[]; spec: object }[];
}

/** Whose releases the schemas are of: scripts/kubernetes-schemas.mjs; and our own, of filter-schema.ts. */
const FILES = ["istio", "gateway-api", "meshscript"] as const;

let known: readonly Kind[] | undefined;

/** All kinds of Istio's APIs, of the Gateway API's standard channel, and ours. */
export function knownKinds(): readonly Kind[] {
  known ??= FILES.flatMap(kindsOf);
  return known;
}

function kindsOf(name: string): Kind[] {
  const file = join(packageRoot(), "mesh/schemas", `${name}.json`);
  return (JSON.parse(readFileSync(file, "utf8")) as { kinds: Kind[] }).kinds;
}

/** `networking.istio.io/v1` -> group and version; core kinds have no group. */
export function groupAndVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.lastIndexOf("/");
  return { group: slash < 0 ? "" : apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

const schemas = new WeakMap<object, object>();
const compiled = new WeakMap<object, ValidateFunction>();

/** Judges values by a schema, which is compiled once. */
export async function judgeOf(schema: object): Promise<ValidateFunction> {
  compiler ??= makeCompiler();
  const found = compiled.get(schema) ?? (await compiler).compile(schema);
  compiled.set(schema, found);
  return found;
}

/** Judges whole resources of a kind in one of its versions, and gives them the defaults of their schema; undefined for a version that is not served. */
export async function validatorOf(kind: Kind, version: string): Promise<ValidateFunction | undefined> {
  const form = kind.forms.find(({ versions }) => versions.includes(version));
  if (form === undefined) return undefined;
  const schema = schemas.get(form) ?? schemaOf(kind, form.spec);
  schemas.set(form, schema);
  return judgeOf(schema);
}

let compiler: Promise<Ajv> | undefined;

/** One for all kinds: it has the rules of CRDs with it, and these an environment of CEL. */
async function makeCompiler(): Promise<Ajv> {
  // Only who has a resource pays for the compiler of schemas.
  const { Ajv } = await import("ajv");
  const ajv = new Ajv({ allErrors: true, verbose: true, strict: false, validateFormats: false, useDefaults: true, logger: false });
  ajv.addKeyword({
    keyword: "atMostOneOf",
    schemaType: "array",
    type: "object",
    validate: (names: string[], value: object) => names.filter((name) => name in value).length < 2,
    error: { message: ({ schema }) => `must have only one of ${(schema as string[]).map((name) => JSON.stringify(name)).join(", ")}` },
  });
  ajv.addKeyword(await rulesKeyword());
  return ajv;
}

function schemaOf({ scope, required }: Kind, spec: object): object {
  return {
    type: "object",
    properties: { apiVersion: { type: "string" }, kind: { type: "string" }, metadata: metadata(scope), spec, status: {} },
    required: ["metadata", ...(required ? ["spec"] : [])],
    additionalProperties: false,
  };
}

const texts = { type: "object", additionalProperties: { type: "string" } };

/** What people write of Kubernetes' ObjectMeta, and what `kubectl get -o yaml` adds to it. */
function metadata(scope: Kind["scope"]): object {
  return {
    type: "object",
    properties: {
      name: { type: "string", minLength: 1, description: "Its name, one of its kind in the namespace." },
      generateName: { type: "string" },
      ...(scope === "Namespaced" ? { namespace: { type: "string" } } : {}),
      labels: texts,
      annotations: texts,
      ...Object.fromEntries(SERVER_SIDE.map((name) => [name, {}])),
    },
    required: ["name"],
    additionalProperties: false,
  };
}

const SERVER_SIDE = [
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "finalizers",
  "generation",
  "managedFields",
  "ownerReferences",
  "resourceVersion",
  "selfLink",
  "uid",
];
