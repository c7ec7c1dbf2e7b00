import type { Path } from "../../harness/cases/source.ts";
import { STICKY, unitOf } from "../model/sticky.ts";
import type { Resource } from "../resources/resource.ts";
import type { VirtualService } from "../resources/types/index.ts";

/** Where annotations of ours are that nothing reads, or that say nothing that can be read; and why. */
export function strangeAnnotations({ kind, annotations, spec }: Resource): { path: Path; reason: string; help: string }[] {
  return Object.entries(annotations).flatMap(([name, value]) => {
    if (!name.startsWith("meshscript.io/")) return [];
    const path = ["metadata", "annotations", name];
    const help = `write \`${STICKY}: header:x-user\` or \`cookie:session\` into a VirtualService`;
    if (name !== STICKY || kind !== "VirtualService") return [{ path, reason: "nothing reads this annotation here", help }];
    if (!hasHosts(spec)) return [{ path, reason: "a delegate's routes split as its root's", help }];
    return unitOf(value) ? [] : [{ path, reason: "it names neither a header nor a cookie", help }];
  });
}

const hasHosts = (spec: unknown) => ((spec as VirtualService).hosts ?? []).length > 0;
