import type { Diagnostic } from "../../../diagnostics/index.ts";
import { visibilityOf, visibleTo } from "../../model/visibility.ts";
import type { Resource } from "../../resources/resource.ts";
import type { VirtualService } from "../../resources/types/index.ts";
import { conflict, seen } from "./finding.ts";

/** A delegate that is not there, that is none, or that its root may not see. Istio leaves out a route without its delegate. */
export function delegateConflicts(virtualServices: readonly Resource<VirtualService>[]): Diagnostic[] {
  const byName = new Map(virtualServices.map((each) => [`${each.namespace}/${each.name}`, each]));
  return virtualServices.flatMap((root) =>
    (root.spec.http ?? []).flatMap(({ delegate }, i) => {
      if (delegate === undefined || delegate === null) return [];
      const name = `${delegate.namespace || root.namespace}/${delegate.name ?? ""}`;
      const path = ["spec", "http", i, "delegate"];
      const found = byName.get(name);
      if (found === undefined) {
        const help = "add it, or take the route out";
        return [conflict(root, path, `there is no VirtualService ${name} to delegate to: the route is left out`, { help })];
      }
      if (found.spec.hosts?.length) {
        return [
          conflict(root, path, `${name} has hosts of its own, so it is no delegate: the route is left out`, {
            notes: [seen("its hosts are in", found, ["spec", "hosts"])],
            help: "take `hosts` out of the one that is to be a delegate",
          }),
        ];
      }
      if (visibleTo(visibilityOf(found.spec.exportTo, found.namespace), root.namespace)) return [];
      return [
        conflict(root, path, `${name} is not exported to ${root.namespace}: a cluster leaves the route out`, {
          notes: [seen("it says to whom in", found, ["spec", "exportTo"])],
          help: `add ${JSON.stringify(root.namespace)} to its \`exportTo\``,
        }),
      ];
    }),
  );
}
