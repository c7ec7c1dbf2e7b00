import { type Diagnostic, diagnostic } from "../../diagnostics/index.ts";
import { abiMarker, callbackExports, otherAbiMarkers, supportExports } from "../abi.ts";
import { alwaysExported, callbackOf, neededByImport } from "../callbacks.ts";
import type { WasmExport, WasmModule } from "../wasm/types.ts";
import { closest } from "./closest.ts";
import { foreignTypes } from "./foreign.ts";

const allocators = ["proxy_on_memory_allocate", "malloc"];

/** Everything about a module's exports that Envoy would refuse, never call, or die of. */
export function verifyExports(module: WasmModule, file: string): Diagnostic[] {
  const location = { file };
  return [
    ...module.exports.flatMap((entry) => verifyExport(entry, file)),
    ...abiMarkers(module, file),
    ...entryPoints(module, file),
    ...memory(module, file),
  ].map((d) => ({ ...d, location: d.location ?? location }));
}

function verifyExport(entry: WasmExport, file: string): Diagnostic[] {
  const location = { file };
  const foreign = entry.type
    ? foreignTypes(entry.type)
    : entry.global
      ? foreignTypes({ params: [entry.global.type], results: [], text: "" })
      : [];
  if (foreign.length > 0) {
    const shown = entry.type?.text ?? entry.global?.type ?? "";
    return [diagnostic("MS0222", `export ${entry.name} has ${foreign.join(" and ")} in its signature ${shown}`, { location })];
  }
  if (entry.global?.mutable)
    return [diagnostic("MS0224", `export ${entry.name} is a mutable global of type ${entry.global.type}`, { location })];
  const expected = signatureOf(entry.name);
  if (expected !== undefined) {
    const actual = entry.type?.text ?? `a ${entry.kind}`;
    if (actual === expected) return [];
    return [
      diagnostic("MS0220", `export ${entry.name} is ${actual}, Envoy calls it as ${expected}`, {
        location,
        help: `give ${entry.name} the type ${expected}`,
      }),
    ];
  }
  if (!entry.name.startsWith("proxy_") || entry.name.startsWith("proxy_abi_version_")) return [];
  const like = closest(entry.name, Object.keys(callbackExports));
  return [
    diagnostic("MS0221", `export ${entry.name} is no callback of ABI 0.2.1: the host never calls it`, {
      location,
      ...(like === undefined ? {} : { help: `did you mean ${like}?` }),
    }),
  ];
}

function signatureOf(name: string): string | undefined {
  if (Object.hasOwn(callbackExports, name)) return callbackExports[name];
  return Object.hasOwn(supportExports, name) ? supportExports[name] : undefined;
}

function abiMarkers(module: WasmModule, file: string): Diagnostic[] {
  const location = { file };
  const markers = module.exports.map((e) => e.name).filter((name) => name.startsWith("proxy_abi_version_"));
  const unknown = markers.filter((name) => name !== abiMarker);
  if (markers.length === 0) return [diagnostic("MS0216", "the module exports no ABI marker", { location })];
  return unknown.map((name) => {
    const known = otherAbiMarkers.includes(name) ? "is an ABI that this project does not speak" : "is no ABI version that Envoy knows";
    const also = markers.includes(abiMarker) ? `, and ${abiMarker} is exported too` : "";
    return diagnostic("MS0217", `export ${name} ${known}${also}`, { location });
  });
}

function entryPoints(module: WasmModule, file: string): Diagnostic[] {
  const location = { file };
  const names = new Set(module.exports.filter((e) => e.kind === "function").map((e) => e.name));
  const found: Diagnostic[] = [];
  if (module.start !== undefined)
    found.push(diagnostic("MS0215", `the module has a start section (function ${module.start})`, { location }));
  if (!allocators.some((name) => names.has(name)))
    found.push(diagnostic("MS0218", `the module exports neither ${allocators.join(" nor ")}`, { location }));
  if (!names.has("_initialize")) found.push(diagnostic("MS0219", "the module exports no _initialize", { location }));
  return found;
}

function memory(module: WasmModule, file: string): Diagnostic[] {
  const exported = module.exports.some((e) => e.kind === "memory" && e.name === "memory");
  return exported ? [] : [diagnostic("MS0223", 'the module exports no memory named "memory"', { location: { file } })];
}

/** The callbacks that classes override are exported, and no others. */
export function verifyOverrides(module: WasmModule, overrides: readonly string[], file: string): Diagnostic[] {
  const location = { file };
  const exported = new Set(module.exports.map((e) => e.name));
  const imported = new Set(module.imports.map((i) => i.name));
  const methods = (callback: string) => Object.keys(callbackOf).filter((method) => callbackOf[method] === callback);
  const unreachable = overrides.filter((callback) => !exported.has(callback));
  const unasked = [...exported].filter(
    (name) =>
      Object.hasOwn(callbackExports, name) &&
      !alwaysExported.includes(name) &&
      !overrides.includes(name) &&
      !(neededByImport[name] ?? []).some((f) => imported.has(f)),
  );
  return [
    ...unreachable.map((name) =>
      diagnostic("MS0225", `${methods(name).join(" or ")} is overridden but ${name} is not exported`, { location }),
    ),
    ...unasked.map((name) =>
      diagnostic("MS0226", `${name} is exported but no class overrides ${methods(name).join(" or ") || "a method for it"}`, { location }),
    ),
  ];
}
