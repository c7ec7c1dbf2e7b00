import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { type Diagnostic, diagnostic } from "../../diagnostics/index.ts";
import type { Path, YamlSource } from "../../harness/cases/source.ts";
import { isObject } from "../../harness/envoy/builders.ts";
import { parseModule } from "../../modules/index.ts";
import { type FoundPlugin, dig, pathTo } from "./plugins.ts";

/** Where the list may stand: on the VM from Envoy 1.40 on, before that on the plugin. */
const PLACES = [["vm_config", "capability_restriction_config"], ["capability_restriction_config"]] as const;

/** Left out, Envoy 1.40 runs the module unconfigured, or not at all, and says nothing. */
const LIFECYCLE = new Set(["proxy_on_vm_start", "proxy_on_configure", "proxy_on_context_create"]);

/**
 * What a plugin's `allowed_capabilities` leave out of what its module uses. Envoy loads it all the same: a host call then fails each time that it
 * is made, a callback is never called. An empty list restricts nothing.
 */
export function capabilityFindings({ config, path }: FoundPlugin, source: YamlSource, module: string): Diagnostic[] {
  return PLACES.flatMap((place) => {
    const names = [...place, "allowed_capabilities"];
    const allowed = dig(config, ...names);
    if (!isObject(allowed) || Object.keys(allowed).length === 0) return [];
    const missing = usedBy(module).filter((name) => !(name in allowed));
    if (missing.length === 0) return [];
    const silent = missing.filter((name) => LIFECYCLE.has(name));
    return [
      diagnostic("MS0910", `${basename(module)} uses ${missing.join(", ")}, which ${missing.length === 1 ? "is" : "are"} not allowed`, {
        location: source.locate([...path, ...pathTo(config, ...names)] as Path, "key"),
        help: `add ${missing.map((name) => `\`${name}: {}\``).join(", ")}`,
        ...(silent.length === 0 ? {} : { notes: [`without ${silent.join(" and ")} the module does not do what its configuration says`] }),
      }),
    ];
  });
}

/** Host calls that a module imports and callbacks that it exports, by the names that such a list has. */
function usedBy(module: string): string[] {
  const { imports, exports } = parseModule(readFileSync(module));
  const calls = imports.filter(({ kind }) => kind === "function").map(({ name }) => name);
  const callbacks = exports.filter(({ kind, name }) => kind === "function" && name.startsWith("proxy_on_")).map(({ name }) => name);
  // The allocator is not restricted.
  return [...calls, ...callbacks].filter((name) => name !== "proxy_on_memory_allocate").sort();
}
