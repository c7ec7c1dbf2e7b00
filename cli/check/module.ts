import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { type Diagnostic, type SourceLocation, diagnostic } from "../../diagnostics/index.ts";
import type { Path, YamlSource } from "../../harness/cases/source.ts";
import { findFilters, verifyModule } from "../../modules/index.ts";
import { closest } from "../../modules/verify/closest.ts";
import { isFatal } from "../modules.ts";
import { nameOf } from "./filters.ts";
import { type FoundPlugin, dig, pathTo } from "./plugins.ts";
import type { Workshop } from "./workshop.ts";

/** A plugin's module as Envoy would find it. */
export interface ModuleCheck {
  findings: Diagnostic[];
  /** Absolute, when it is a file; it need not be there. */
  path?: string;
  /** Envoy would not load it. */
  broken: boolean;
}

/** `vm_config.code` of a plugin: it is there, and it loads. */
export async function checkModule(
  { config, path }: FoundPlugin,
  source: YamlSource,
  file: string,
  workshop: Workshop,
): Promise<ModuleCheck> {
  const place = (...names: string[]) => source.locate([...path, ...pathTo(config, ...names)] as Path);
  const sha256 = dig(config, "vm_config", "code", "remote", "sha256");
  const findings: Diagnostic[] = [];
  if (typeof sha256 === "string" && !/^[\da-fA-F]{64}$/.test(sha256)) {
    const message = `sha256 must be 64 hexadecimal digits, got ${sha256.length} characters`;
    findings.push(diagnostic("MS0907", message, { location: place("vm_config", "code", "remote", "sha256") }));
  }
  const name = dig(config, "vm_config", "code", "local", "filename");
  if (typeof name === "string" && name !== "") {
    const location = place("vm_config", "code", "local", "filename");
    const module = resolve(workshop.cwd, name);
    if (!existsSync(module)) {
      const help = await missingHelp(name, module, file, workshop);
      const missing = diagnostic("MS0904", `no such module: ${name}`, { location, ...(help === undefined ? {} : { help }) });
      return { findings: [...findings, missing], path: module, broken: true };
    }
    const verdicts = workshop.verified(module);
    const broken = verdicts.some(isFatal);
    return { findings: [...findings, ...unfit(name, verdicts, location)], path: module, broken };
  }
  const bytes = dig(config, "vm_config", "code", "local", "inline_bytes");
  if (typeof bytes === "string") {
    const verdicts = verifyModule(Buffer.from(bytes, "base64"), { file });
    const location = place("vm_config", "code", "local", "inline_bytes");
    return { findings: [...findings, ...unfit("the module", verdicts, location)], broken: verdicts.some(isFatal) };
  }
  if (dig(config, "vm_config", "code") === undefined && dig(config, "vm_config") !== undefined) {
    const help = "write `code: { local: { filename: build/NAME.wasm } }` below vm_config";
    return {
      findings: [
        ...findings,
        diagnostic("MS0904", "the plugin has no `code`", {
          location: source.locate([...path, ...pathTo(config, "vm_config")], "key"),
          help,
        }),
      ],
      broken: true,
    };
  }
  return { findings, broken: false };
}

/** One finding for what the verifier has against a module. */
export function unfit(name: string, verdicts: readonly Diagnostic[], location: SourceLocation): Diagnostic[] {
  if (verdicts.length === 0) return [];
  const fatal = verdicts.some(isFatal);
  const message = `${name} ${fatal ? "is no module that Envoy loads" : "loads, but breaks at run time"}`;
  return [diagnostic("MS0905", message, { location, notes: verdicts.map(({ code, message: what }) => `${code}: ${what}`) })];
}

async function missingHelp(name: string, module: string, file: string, { cwd }: Workshop): Promise<string | undefined> {
  const filter = (await findFilters(cwd)).find((one) => resolve(cwd, "build", `${one.name}.wasm`) === module);
  if (filter) return `\`meshscript build\` makes it, of ${filter.entry}`;
  if (existsSync(resolve(dirname(resolve(cwd, file)), name))) {
    return "it lies beside the file, but Envoy looks in the directory in which it is started: run it there, or write an absolute path";
  }
  const folder = dirname(module);
  const others = existsSync(folder) ? readdirSync(folder).filter((other) => other.endsWith(".wasm")) : [];
  const near = closest(nameOf(module), others.map(nameOf));
  return near === undefined ? undefined : `did you mean ${name.slice(0, name.length - basename(name).length)}${near}.wasm?`;
}
