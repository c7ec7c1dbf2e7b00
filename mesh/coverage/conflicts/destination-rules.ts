import type { Diagnostic } from "../../../diagnostics/index.ts";
import { inFull } from "../../model/hosts.ts";
import { selects } from "../../model/labels.ts";
import type { Mesh } from "../../model/mesh.ts";
import { visibilityOf } from "../../model/visibility.ts";
import { type Resource, byAge } from "../../resources/resource.ts";
import type { DestinationRule, Subset } from "../../resources/types/index.ts";
import { conflict, seen } from "./finding.ts";

type Rule = Resource<DestinationRule>;

/** Several rules of a namespace for a host are one, in which the older has its way; and subsets that nobody is of. */
export function ruleConflicts(rules: readonly Rule[], mesh: Mesh): Diagnostic[] {
  const scopes = new Map<string, Rule[]>();
  for (const rule of [...rules].sort(byAge)) scopes.set(scopeOf(rule), [...(scopes.get(scopeOf(rule)) ?? []), rule]);
  return [...[...scopes.values()].flatMap(overruled), ...rules.flatMap((rule) => emptySubsets(rule, mesh))];
}

/** Rules with the same are merged. */
function scopeOf({ namespace, spec }: Rule): string {
  const visibility = visibilityOf(spec.exportTo, namespace);
  const labels = spec.workloadSelector?.matchLabels;
  return JSON.stringify([
    namespace,
    inFull(spec.host ?? "", namespace),
    typeof visibility === "string" ? visibility : [...visibility].sort(),
    labels ? Object.entries(labels).sort() : null,
  ]);
}

function overruled(rules: readonly Rule[]): Diagnostic[] {
  const policy = rules.find(({ spec }) => spec.trafficPolicy);
  const names = new Map<string, { rule: Rule; index: number }>();
  return rules.flatMap((rule) => {
    const ignored =
      policy && rule !== policy && rule.spec.trafficPolicy
        ? [
            conflict(rule, ["spec", "trafficPolicy"], `spec.trafficPolicy is not used: an older rule for ${rule.spec.host} has one`, {
              notes: [seen("the one that is used is in", policy, ["spec", "trafficPolicy"])],
              help: "put the rules for a host into one",
            }),
          ]
        : [];
    const twice = (rule.spec.subsets ?? []).flatMap(({ name }, index) => {
      const older = names.get(name);
      if (older === undefined) names.set(name, { rule, index });
      if (older === undefined || older.rule === rule) return [];
      return [
        conflict(
          rule,
          ["spec", "subsets", index],
          `the subset ${name} is not used: an older rule for ${rule.spec.host} has one of this name`,
          {
            notes: [seen("the one that is used is in", older.rule, ["spec", "subsets", older.index])],
            help: "give it another name, or put the rules for a host into one",
          },
        ),
      ];
    });
    return [...ignored, ...twice];
  });
}

function emptySubsets(rule: Rule, mesh: Mesh): Diagnostic[] {
  const host = inFull(rule.spec.host ?? "", rule.namespace);
  // Of a pattern each service may have its own versions; of an unknown host another finding speaks.
  const services = mesh.services.filter((service) => service.host === host);
  if (services.length === 0) return [];
  const isEmpty = ({ labels }: Subset) =>
    !services.some(
      (service) =>
        mesh.workloadsOf(service).some((each) => selects(labels, each.labels)) ||
        service.entry?.endpoints?.some((each) => selects(labels, each.labels ?? {})),
    );
  return (rule.spec.subsets ?? []).flatMap((subset, i) => {
    if (Object.keys(subset.labels ?? {}).length === 0 || !isEmpty(subset)) return [];
    const wanted = Object.entries(subset.labels ?? {}).map(([name, value]) => `${name}=${value}`);
    return [
      conflict(rule, ["spec", "subsets", i], `the subset ${subset.name} is empty: no workload of ${host} has ${wanted.join(", ")}`, {
        notes: services.map((service) => seen("the host is of", service.resource, [])),
        help: "correct the labels, or add the workload that has them",
      }),
    ];
  });
}
