import type { Diagnostic } from "../../../diagnostics/index.ts";
import { selects } from "../../model/labels.ts";
import type { Mesh } from "../../model/mesh.ts";
import { type Resource, byAge } from "../../resources/resource.ts";
import type { PeerAuthentication } from "../../resources/types/index.ts";
import { conflict, seen } from "./finding.ts";

type Policy = Resource<PeerAuthentication>;

/** Of two for the same namespace or the same workload the older counts, of the same age the first by name. */
export function peerAuthenticationConflicts(policies: readonly Policy[], mesh: Mesh): Diagnostic[] {
  const sorted = [...policies].sort(byAge);
  const labelsOf = ({ spec }: Policy) => spec.selector?.matchLabels ?? {};
  const isWhole = (policy: Policy) => Object.keys(labelsOf(policy)).length === 0;
  const namespaces = [...new Set(sorted.map(({ namespace }) => namespace))];
  const scopes = [
    ...namespaces.map((name) => ({
      what: `the namespace ${name}`,
      of: sorted.filter((each) => each.namespace === name && isWhole(each)),
    })),
    ...mesh.workloads.map(({ id, namespace, labels }) => ({
      what: `the workload ${id}`,
      of: sorted.filter((each) => each.namespace === namespace && !isWhole(each) && selects(labelsOf(each), labels)),
    })),
  ];
  const told = new Set<Policy>();
  return scopes.flatMap(({ what, of: [first, ...others] }) =>
    others.flatMap((each) => {
      if (first === undefined || told.has(each)) return [];
      told.add(each);
      return [
        conflict(each, ["metadata", "name"], `is not used for ${what}: another is, which is older or before it by name`, {
          notes: [seen("the one that is used is", first, ["metadata", "name"])],
          help: "put both into one",
        }),
      ];
    }),
  );
}
