import type { Path } from "../../harness/cases/source.ts";
import { isObject } from "../../harness/envoy/builders.ts";
import { OWN_GROUP } from "../model/own-group.ts";
import type { Resource } from "../resources/resource.ts";
import type { ExtensionScope } from "../resources/types/index.ts";

/** Where an extension names ports of what goes out: what an application sends through `http_proxy` does not meet it. */
export function clientPorts({ group, spec }: Resource): Path[] {
  if (group !== "extensions.istio.io" && group !== OWN_GROUP) return [];
  const { match } = spec as ExtensionScope;
  if (!Array.isArray(match)) return [];
  return match.flatMap((each: unknown, i) => {
    const { mode, ports } = isObject(each) ? each : {};
    return mode !== "SERVER" && Array.isArray(ports) && ports.length > 0 ? [["spec", "match", i, "ports"]] : [];
  });
}
