import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { MeshscriptError, type SourceLocation, diagnostic, reasonOfErrno } from "../../diagnostics/index.ts";
import { valueAt } from "../../harness/cases/findings.ts";
import type { Path, YamlSource } from "../../harness/cases/source.ts";
import { readYamlDocuments } from "../../harness/cases/source.ts";
import { isObject } from "../../harness/envoy/builders.ts";

/** An AuthorizationPolicy as it stands in a file. */
export interface FoundPolicy {
  /** As the filter takes it: without what says for which workloads it is. */
  value: Record<string, unknown>;
  namespace: string;
  name: string;
  /** ALLOW where it does not say. */
  action: string;
  dryRun: boolean;
  /** It is for some workloads only. */
  targeted: boolean;
  /** The place of something in it. */
  locate(path: Path, part?: "value" | "key"): SourceLocation;
  valueAt(path: Path): unknown;
}

export interface Found {
  policies: FoundPolicy[];
  /** `trustDomain` and its like, of a file that is a configuration of the filter. */
  settings: Record<string, unknown>;
  /** Resources of other kinds, which were left out. */
  others: number;
}

/** Namespaces of policies without one: as `kubectl` takes them. */
const NAMESPACE = "default";
const TARGETS = ["selector", "targetRef", "targetRefs"];

/**
 * Reads policies from files: Kubernetes resources in YAML, several in a file behind `---` or in a List, or configurations of the filter.
 * @throws MeshscriptError MS0902 for what cannot be read, MS0912 when there is no policy
 */
export function readPolicies(files: readonly string[], cwd: string): Found {
  const found: Found = { policies: [], settings: {}, others: 0 };
  for (const file of files) {
    for (const source of readYamlDocuments(contentOf(file, cwd), file, "MS0902")) collect(source, [], found);
  }
  if (found.policies.length === 0) {
    throw new MeshscriptError(
      diagnostic("MS0912", `no AuthorizationPolicy in ${files.join(", ")}`, { location: { file: files[0] ?? "" } }),
    );
  }
  return found;
}

function contentOf(file: string, cwd: string): string {
  try {
    return readFileSync(resolve(cwd, file), "utf8");
  } catch (error) {
    throw new MeshscriptError(
      diagnostic("MS0902", `${file} cannot be read: ${reasonOfErrno(error) ?? String(error)}`, { location: { file } }),
    );
  }
}

function collect(source: YamlSource, path: Path, found: Found): void {
  const value = valueAt(source.value, path);
  if (!isObject(value)) return;
  const { kind, items, policies, ...settings } = value;
  if (kind === undefined && Array.isArray(policies)) {
    if (Object.keys(found.settings).length > 0 && Object.keys(settings).length > 0) {
      const location = source.locate(path);
      throw new MeshscriptError(
        diagnostic("MS0911", "a second configuration of the filter: settings of two cannot both hold", { location }),
      );
    }
    Object.assign(found.settings, settings);
    found.policies.push(...policies.map((_, i) => policyAt(source, [...path, "policies", i], true)));
  } else if (Array.isArray(items)) {
    for (const i of items.keys()) collect(source, [...path, "items", i], found);
  } else if (kind === "AuthorizationPolicy" || (kind === undefined && isObject(value["spec"]))) {
    found.policies.push(policyAt(source, path));
  } else found.others++;
}

/** @param asIs it is in a configuration of the filter: nobody gives it a namespace, or takes away what the filter refuses */
function policyAt(source: YamlSource, path: Path, asIs = false): FoundPolicy {
  const at = (...steps: (string | number)[]) => valueAt(source.value, [...path, ...steps]);
  const text = (value: unknown, otherwise: string) => (typeof value === "string" ? value : otherwise);
  const whole = at();
  const spec = at("spec");
  const metadata = at("metadata");
  const namespace = text(at("metadata", "namespace"), asIs ? "" : NAMESPACE);
  const value = {
    ...(isObject(whole) ? whole : {}),
    ...(isObject(metadata) ? { metadata: { ...metadata, namespace } } : {}),
    ...(isObject(spec) ? { spec: Object.fromEntries(Object.entries(spec).filter(([key]) => !TARGETS.includes(key))) } : {}),
  };
  return {
    value: isObject(whole) && !asIs ? value : (whole as Record<string, unknown>),
    namespace,
    name: text(at("metadata", "name"), ""),
    action: text(at("spec", "action"), "ALLOW"),
    dryRun: /^(1|t|true)$/i.test(text(at("metadata", "annotations", "istio.io/dry-run"), "")),
    targeted: TARGETS.some((key) => at("spec", key) !== undefined),
    locate: (steps, part) => source.locate([...path, ...steps], part),
    valueAt: (steps) => at(...steps),
  };
}
