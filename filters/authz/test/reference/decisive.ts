// Which lists of a configuration decide about a request: without any one of them the verdict would be another.
import { evaluate } from "./evaluate.ts";
import type { AuthzConfig, RequestFacts, Rule } from "./types.ts";

/** The names of the lists that decide, as in `fieldNames`: a name once for each such list. */
export function* decisive(config: AuthzConfig, facts: RequestFacts): Generator<string> {
  const { allowed } = evaluate(config, facts);
  for (const [index, policy] of config.policies.entries()) {
    // These never decide.
    if (policy.spec.action === "AUDIT" || policy.metadata.annotations?.["istio.io/dry-run"] === "true") continue;
    for (const [place, rule] of (policy.spec.rules ?? []).entries()) {
      for (const { name, without } of withoutEach(rule)) {
        const rules = policy.spec.rules?.with(place, without) ?? [];
        const policies = config.policies.with(index, { ...policy, spec: { ...policy.spec, rules } });
        if (evaluate({ ...config, policies }, facts).allowed !== allowed) yield name;
      }
    }
  }
}

interface Without {
  name: string;
  without: Rule;
}

/** The rule without its first list, without its second ... */
function withoutEach(rule: Rule): Without[] {
  const { from = [], to = [], when = [] } = rule;
  return [
    ...from.flatMap(({ source }, i) =>
      listsOf(source).map((list) => ({ name: `source.${list}`, without: { ...rule, from: from.with(i, { source: less(source, list) }) } })),
    ),
    ...to.flatMap(({ operation }, i) =>
      listsOf(operation).map((list) => ({
        name: `operation.${list}`,
        without: { ...rule, to: to.with(i, { operation: less(operation, list) }) },
      })),
    ),
    ...when.flatMap((condition, i) =>
      listsOf(condition).map((list) => ({
        name: `when.${kindOf(condition.key)}.${list}`,
        without: { ...rule, when: when.with(i, less(condition, list)) },
      })),
    ),
  ];
}

/** A key without what is in brackets, nor the filter's name. */
function kindOf(key: string): string {
  return key.startsWith("experimental.") ? "experimental.envoy.filters" : key.replace(/\[.*$/s, "");
}

function listsOf(object: object): string[] {
  return Object.entries(object).flatMap(([name, value]) => (Array.isArray(value) && value.length > 0 ? [name] : []));
}

function less<T extends object>(object: T, list: string): T {
  return { ...object, [list]: [] };
}
