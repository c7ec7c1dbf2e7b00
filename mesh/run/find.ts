import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import type { ProxyConfig } from "../compile.ts";

/**
 * A workload by its id (`reviews-v1.default`), its name, or its app and version.
 * @throws MeshscriptError MS0407 for none, and for several.
 */
export function findWorkload(all: readonly ProxyConfig[], name: string, version?: string): ProxyConfig {
  const exact = version === undefined ? all.filter(({ workload }) => workload.id === name || workload.name === name) : [];
  const ofApp = all.filter(
    ({ workload: { labels } }) => labels["app"] === name && (version === undefined || labels["version"] === version),
  );
  const found = exact.length > 0 ? exact : ofApp;
  const [first, second] = found;
  if (first === undefined) {
    const ids = all.map(({ workload }) => workload.id);
    throw notThere("workload", version === undefined ? name : `${name} ${version}`, ids);
  }
  if (second === undefined) return first;
  const names = found.map(({ workload }) => workload.id).join(", ");
  throw new MeshscriptError(diagnostic("MS0407", `${name} is several workloads: ${names}; say which`));
}

export function notThere(what: string, name: string, names: readonly string[]): MeshscriptError {
  return new MeshscriptError(diagnostic("MS0407", `no ${what} ${JSON.stringify(name)}; there are: ${names.join(", ") || "none"}`));
}
