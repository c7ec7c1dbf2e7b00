import { type Diagnostic, diagnostic } from "../../diagnostics/index.ts";
import { importable } from "../abi.ts";
import { neededByImport } from "../callbacks.ts";
import type { WasmImport, WasmModule } from "../wasm/types.ts";
import { closest } from "./closest.ts";
import { silentImport } from "./features.ts";
import { foreignTypes } from "./foreign.ts";
import type { CallSites, Site } from "./sites.ts";

/** Everything about a module's imports that Envoy would refuse, or that would abort it. */
export function verifyImports(module: WasmModule, file: string, sites: CallSites): Diagnostic[] {
  let functionIndex = 0;
  return module.imports.flatMap((entry) => {
    if (entry.kind !== "function") return [otherKind(entry, file)];
    const index = functionIndex++;
    return verifyFunction(entry, () => sites.of(index)[0], file);
  });
}

function verifyFunction(entry: WasmImport, site: () => Site | undefined, file: string): Diagnostic[] {
  const what = `${entry.module}.${entry.name}`;
  const signature = entry.type?.text ?? "";
  const foreign = entry.type ? foreignTypes(entry.type) : [];
  if (foreign.length > 0) {
    return [diagnostic("MS0222", `import ${what} has ${foreign.join(" and ")} in its signature ${signature}`, at(site(), file))];
  }
  const known = Object.hasOwn(importable, entry.module) ? (importable[entry.module] ?? {}) : {};
  const expected = Object.hasOwn(known, entry.name) ? known[entry.name] : undefined;
  if (expected !== undefined) {
    if (expected === signature) return [];
    return [
      diagnostic("MS0212", `import ${what} has the signature ${signature}, Envoy's is ${expected}`, {
        ...at(site(), file),
        help: `declare ${entry.name} as ${expected}, or use the SDK's`,
      }),
    ];
  }
  const feature = entry.module === "env" ? silentImport(entry.name) : undefined;
  if (feature) {
    return [
      diagnostic("MS0213", `${feature.feature} makes the module import ${what}, which Envoy does not have`, {
        ...at(site(), file),
        help: feature.instead,
      }),
    ];
  }
  const modules = Object.keys(importable);
  const names = Object.keys(known);
  const like = closest(entry.name, names);
  const help =
    names.length === 0 ? `import from ${modules.join(" or ")}` : like === undefined ? undefined : `did you mean ${entry.module}.${like}?`;
  return [diagnostic("MS0211", `import ${what} ${signature} is unknown to Envoy`, { ...at(site(), file), ...(help ? { help } : {}) })];
}

function otherKind(entry: WasmImport, file: string): Diagnostic {
  const feature = entry.module === "env" ? silentImport(entry.name) : undefined;
  return diagnostic("MS0214", `import ${entry.module}.${entry.name} is a ${entry.kind}, and a host has only functions`, {
    location: { file },
    ...(feature ? { help: `${feature.feature}: ${feature.instead}` } : {}),
  });
}

/** A callout whose answer no export receives. */
export function verifyAnswers(module: WasmModule, file: string): Diagnostic[] {
  const exported = new Set(module.exports.map((e) => e.name));
  return Object.entries(neededByImport).flatMap(([callback, functions]) => {
    const used = module.imports.find((i) => i.module === "env" && functions.includes(i.name));
    if (!used || exported.has(callback)) return [];
    return [diagnostic("MS0227", `the module calls ${used.name} but does not export ${callback}`, { location: { file } })];
  });
}

/** The user's own line where it is known, else the module. */
function at(site: Site | undefined, file: string): { location: { file: string }; notes?: string[] } {
  if (site?.location) return { location: site.location, ...(site.caller ? { notes: [`in ${site.caller}`] } : {}) };
  return { location: { file }, ...(site?.caller ? { notes: [`called by ${site.caller}`] } : {}) };
}
