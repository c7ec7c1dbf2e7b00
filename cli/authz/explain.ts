import { type Diagnostic, MeshscriptError, type SourceLocation, diagnostic } from "../../diagnostics/index.ts";
import { fieldName } from "../../harness/cases/findings.ts";
import { type Path, readYaml } from "../../harness/cases/source.ts";
import { openHost } from "../../harness/index.ts";
import { ConfigText } from "../check/config-text.ts";
import { problemsIn } from "../problems.ts";
import type { Found, FoundPolicy } from "./policies.ts";
import type { Asked } from "./request.ts";

/** A condition that does not hold, or nothing of a rule that matches. */
export interface Failing {
  /** As `to[0].operation.paths`. */
  field: string;
  /** It is a `not` form: one of the values matches. */
  negated: boolean;
  values: readonly string[];
  location: SourceLocation;
}

export interface RuleVerdict {
  policy: FoundPolicy;
  /** Of the policy, from 0. */
  rule: number;
  matches: boolean;
  failing: readonly Failing[];
  location: SourceLocation;
}

export interface Explanation {
  allowed: boolean;
  /** The rule that decided; undefined where none matched. */
  by?: RuleVerdict;
  /** Every rule, in the order of the files. */
  rules: readonly RuleVerdict[];
  /** There is an ALLOW policy: what no ALLOW rule matches is refused. */
  restricted: boolean;
  /** Of the configuration: `off` and `shadow` let everything through. */
  mode?: string;
}

/** A module's line about a rule, as `filters/authz/assembly/filter.ts` words it. */
const RULE = /^\[authz\] ns\[.*?\]-policy\[p(\d+)\]-rule\[(\d+)\]: (?:match|no match: (.*))$/s;
const VERDICT = /^verdict=(allowed|denied)(?: shadow=denied)?(?: policy=(?:none|ns\[.*?\]-policy\[p(\d+)\]-rule\[(\d+)\]))?/;

/**
 * Asks the module itself, on the in-process host.
 * @throws MeshscriptError MS0911 with everything that the module has against the policies
 */
export async function explain(module: string, found: Found, { request, tls }: Asked): Promise<Explanation> {
  // Names of our own: two policies of one name would be one in what the module says.
  const policies = found.policies.map(({ value }, i) => {
    const metadata = value?.["metadata"];
    const named = typeof metadata === "object" && metadata !== null && typeof (metadata as { name?: unknown }).name === "string";
    return named ? { ...value, metadata: { ...metadata, name: `p${i}` } } : value;
  });
  const config = JSON.stringify({ ...found.settings, policies });
  const filters = [{ name: "authz", wasm: module, config }];
  const host = await openHost({
    filters,
    listeners: { main: { tls, accessLog: { authz: "%FILTER_STATE(wasm.meshscript.authz:PLAIN)%" } } },
    componentLogLevel: "wasm:trace",
  }).catch((error: unknown) => {
    throw refusalOf(error, config, found) ?? error;
  });
  try {
    await host.request(request);
    const lines = host.logs().wasm.map(({ message }) => message);
    const [, verdict, policy, rule] = VERDICT.exec(String(host.accessLog().at(-1)?.["authz"])) ?? [];
    const mode = typeof found.settings["mode"] === "string" ? found.settings["mode"] : undefined;
    const rules = lines.flatMap((line) => ruleIn(line, found) ?? []).sort((a, b) => order(found, a) - order(found, b) || a.rule - b.rule);
    const by = rules.find((one) => policy !== undefined && one.policy === found.policies[Number(policy)] && one.rule === Number(rule));
    return {
      // Switched off it says nothing.
      allowed: verdict === "allowed" || mode === "off",
      ...(mode === undefined ? {} : { mode }),
      ...(by ? { by } : {}),
      rules,
      restricted: found.policies.some(({ action, dryRun }) => action === "ALLOW" && !dryRun),
    };
  } finally {
    await host.stop();
  }
}

function order({ policies }: Found, { policy }: RuleVerdict): number {
  return policies.indexOf(policy);
}

function ruleIn(line: string, { policies }: Found): RuleVerdict | undefined {
  const [, number, index, failing] = RULE.exec(line) ?? [];
  const policy = policies[Number(number)];
  if (!policy || index === undefined) return undefined;
  const rule = Number(index);
  return {
    policy,
    rule,
    matches: failing === undefined,
    failing: (failing?.split(/; (?=(?:to|from)\[\d+\]\.|when\[)/) ?? []).map((field) => failingAt(policy, rule, field)),
    location: policy.locate(["spec", "rules", rule]),
  };
}

/** `to[0].paths` is `to[0].operation.paths` in the policy. */
function failingAt(policy: FoundPolicy, rule: number, said: string): Failing {
  const base = ["spec", "rules", rule] as const;
  const [, list, index, field] = /^(to|from)\[(\d+)\]\.(\w+)$/.exec(said) ?? [];
  const path: Path =
    list === undefined
      ? [...base, ...conditionAt(policy, base, said)]
      : [...base, list, Number(index), list === "to" ? "operation" : "source", field ?? ""];
  const values = policy.valueAt(path);
  const key = path[3] === "when" ? policy.valueAt([...path.slice(0, 5), "key"]) : undefined;
  const shown = fieldName(path.slice(3));
  return {
    field: key === undefined ? shown : `${shown} of ${String(key)}`,
    negated: /^not[A-Z]/.test(String(path.at(-1))),
    values: Array.isArray(values) ? values.map(String) : [],
    location: policy.locate(path, "key"),
  };
}

function conditionAt(policy: FoundPolicy, base: Path, said: string): Path {
  const [, key, field = "values"] = /^when\[(.*)\]\.(\w+)$/s.exec(said) ?? [];
  const when = policy.valueAt([...base, "when"]);
  const index = Array.isArray(when)
    ? when.findIndex((one: { key?: unknown } & Record<string, unknown>) => one.key === key && one[field] !== undefined)
    : -1;
  return ["when", Math.max(0, index), field];
}

/** What the module has against its configuration, each at its place in the files. */
function refusalOf(error: unknown, config: string, { policies }: Found): MeshscriptError | undefined {
  if (!(error instanceof MeshscriptError) || error.code !== "MS0402") return undefined;
  const said = error.diagnostics.flatMap(({ notes }) => notes).flatMap((note) => /wasm log[^:]*: (.*)$/s.exec(note)?.[1] ?? []);
  const problems = said.flatMap((line) => problemsIn(line)?.problems ?? []);
  if (problems.length === 0) return undefined;
  const text = ConfigText.ofFile(readYaml(config, ""));
  return new MeshscriptError(
    problems.map(({ at, what, field }): Diagnostic => {
      const path = at ? text.pathAt(at.line, at.column) : [];
      const policy = path[0] === "policies" ? policies[Number(path[1])] : undefined;
      const inside = path.slice(2);
      const name = field?.replace(/^policies\[\d+\]\.?/, "") ?? "";
      const unknown = /^unknown field/.test(what);
      const location = policy?.locate(inside, unknown ? "key" : "value");
      return diagnostic("MS0911", name === "" ? what : `${name}: ${what}`, location ? { location } : {});
    }),
  );
}
