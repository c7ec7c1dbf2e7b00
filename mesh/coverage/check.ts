import { type Diagnostic, diagnostic } from "../../diagnostics/index.ts";
import type { Path } from "../../harness/cases/source.ts";
import type { Resource } from "../resources/resource.ts";
import { unknownAnnotations } from "./annotations.ts";
import { matchedClaims } from "./claims.ts";
import { clientPorts } from "./client-ports.ts";
import type { Entry, Level } from "./entry.ts";
import { shownPath, usesOf } from "./paths.ts";
import { strangeAnnotations } from "./sticky.ts";
import { coverageOf } from "./tables/index.ts";

/** So many places of the same in a resource are told. */
const MOST = 3;

const CODES = { error: "MS1001", warning: "MS1002" } as const;
const SAYS = { error: "is not supported", warning: "has no effect here" } as const;

/** A finding for every use of what the mesh does not heed; docs/coverage.md lists what that is. */
export function unsupported(resources: readonly Resource[]): Diagnostic[] {
  return resources.flatMap((resource) => {
    const coverage = coverageOf(resource);
    if (coverage === undefined) {
      const reason = `nothing is known of this kind${resource.group === "" ? "" : ` of ${resource.group}`}`;
      return [found(resource, { level: "warning", reason }, ["kind"], `${resource.kind} `)];
    }
    if (coverage.whole) return coverage.whole.level === "quiet" ? [] : [found(resource, coverage.whole, ["kind"], "")];
    const status = resource.value["status"] !== undefined && isOfIstio(resource) ? [found(resource, STATUS, ["status"])] : [];
    return [
      ...(coverage.entries ?? []).flatMap((entry) => uses(resource, entry)),
      ...status,
      ...unknownAnnotations(resource).map((path) => found(resource, ANNOTATION, path)),
      ...strangeAnnotations(resource).map(({ path, ...said }) => found(resource, { level: "error", ...said }, path)),
      ...clientPorts(resource).map((path) => found(resource, SHARED, path)),
      ...matchedClaims(resource).map((path) => found(resource, CLAIM, path)),
    ];
  });
}

const STATUS = { level: "warning", reason: "a cluster writes it" } as const;
const ANNOTATION = { level: "warning", reason: "it is for Istio's injector, or for parts of Istio that are not here" } as const;
const SHARED = {
  level: "warning",
  reason: "for what an application sends through `http_proxy`: it goes through one listener, whatever its port",
  help: "leave the ports out, and it is there too; or write `mode: SERVER`",
} as const;
const CLAIM = { level: "error", reason: "no filter verifies tokens, so nothing is known of their claims", help: "match a header" } as const;

/** `kubectl get -o yaml` writes it for all kinds: of Kubernetes' own, nobody asks. */
const isOfIstio = ({ group }: Resource) => group.endsWith("istio.io");

function uses(resource: Resource, entry: Entry): Diagnostic[] {
  if (entry.level === "quiet") return [];
  return usesOf(resource.value, entry.path, entry.absent)
    .filter(({ value }) => entry.when?.(value) ?? true)
    .slice(0, MOST)
    .map(({ path, value }) => found(resource, entry, path, undefined, value === undefined || entry.when === undefined ? undefined : value));
}

function found(
  resource: Resource,
  { level, reason, help }: { level: Level; reason: string; help?: string },
  path: Path,
  subject = shownPath(path),
  value?: unknown,
): Diagnostic {
  const { kind, namespace, name } = resource;
  const wanted = level === "error" ? "error" : "warning";
  const said = typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? ` ${JSON.stringify(value)}` : "";
  // Of the kind itself, or of one of its fields.
  const what = path[0] === "kind" ? `${kind} ${namespace}/${name}` : `${kind} ${namespace}/${name}: ${subject}${said}`;
  const part = path[0] === "kind" || said ? "value" : "key";
  return diagnostic(CODES[wanted], `${what} ${SAYS[wanted]}: ${reason}`, { location: resource.at(path, part), ...(help ? { help } : {}) });
}
