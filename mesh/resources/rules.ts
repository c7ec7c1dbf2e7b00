import type { FuncKeywordDefinition } from "ajv";

/** A rule of a CRD (`x-kubernetes-validations`) and what it says to who breaks it. */
type Rule = readonly [expression: string, message: string];

/** Of Kubernetes' functions beside CEL's. */
class Url {
  constructor(readonly text: string) {}

  get scheme(): string {
    return /^([a-z][a-z0-9+.-]*):/i.exec(this.text)?.[1] ?? "";
  }
}

/**
 * ajv's keyword for the rules of CRDs, which are CEL expressions about the value, `self`.
 * https://kubernetes.io/docs/reference/using-api/cel/
 */
export async function rulesKeyword(): Promise<FuncKeywordDefinition> {
  const { Environment } = await import("@marcbachmann/cel-js");
  const cel = new Environment({ unlistedVariablesAreDyn: true });
  cel.registerType("Url", Url);
  cel.registerFunction("url(string): Url", (text: string) => new Url(text));
  cel.registerFunction("isURL(string): bool", (text: string) => text.startsWith("/") || URL.canParse(text));
  cel.registerFunction("Url.getScheme(): string", ({ scheme }: Url) => scheme);
  const parsed = new Map<string, (context: { self: unknown }) => unknown>();
  const holds = (rule: string, self: unknown): boolean => {
    const ask = parsed.get(rule) ?? cel.parse(rule);
    parsed.set(rule, ask);
    try {
      return ask({ self }) !== false;
    } catch {
      // A text that is no duration or no URL. Of another value: its shape is wrong, and other keywords say so.
      return typeof self !== "string";
    }
  };
  const validate: FuncKeywordDefinition["validate"] = (rules: readonly Rule[], self: unknown) => {
    const broken = rules.filter(([rule]) => !holds(rule, self));
    Object.assign(validate as object, { errors: broken.map(([, message]) => ({ keyword: "rules", message, params: {} })) });
    return broken.length === 0;
  };
  // With types it comes behind `properties`, which give the defaults that rules read.
  return { keyword: "rules", type: ["object", "array", "string", "number", "integer"], schemaType: "array", validate, errors: true };
}
