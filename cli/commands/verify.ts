import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { MeshscriptError, exitCodes, render } from "../../diagnostics/index.ts";
import { parseModule, verifyModule } from "../../modules/index.ts";
import type { Command } from "../command.ts";
import { kib } from "../text.ts";

/** `meshscript verify`: judges any proxy-wasm module, ours or not, without Envoy. */
export const verify: Command = {
  name: "verify",
  summary: "say whether Envoy would load a wasm module, and what breaks at run time",
  description: [
    "Checks imports and exports against proxy-wasm ABI 0.2.1, the ABI marker, the allocator, start section and types, without starting Envoy. Works for modules of any language. A finding points at the source when FILE.map lies beside FILE.",
  ],
  arguments: { usage: "FILE.wasm...", min: 1, max: Number.POSITIVE_INFINITY },
  flags: {},
  examples: [
    { title: "a module that you built", command: "meshscript verify build/tracing.wasm" },
    { title: "several, as data", command: "meshscript verify build/*.wasm --json" },
  ],
  exits: { data: "a file cannot be read", findings: "findings" },
  async run({ positionals, io, json, print, say, printJson, color }) {
    const modules = positionals.map((file) => {
      const path = resolve(io.cwd, file);
      const diagnostics = verifyModule(path, { file });
      const unreadable = diagnostics.filter(({ code }) => code === "MS0205");
      if (unreadable.length > 0) throw new MeshscriptError(unreadable);
      return { file, bytes: readFileSync(path), diagnostics };
    });
    const diagnostics = modules.flatMap((module) => module.diagnostics);
    const success = diagnostics.length === 0;
    if (json) {
      const list = modules.map((m) => ({
        file: m.file,
        bytes: m.bytes.length,
        sha256: createHash("sha256").update(m.bytes).digest("hex"),
        success: m.diagnostics.length === 0,
      }));
      printJson({ success, modules: list, diagnostics });
    } else {
      for (const { file, bytes } of modules.filter((module) => module.diagnostics.length === 0)) {
        const callbacks = parseModule(bytes).exports.filter(({ name }) => name.startsWith("proxy_on_")).length;
        say(`√ ${file}: ${kib(bytes.length)} KiB, ${callbacks} callbacks, no findings`);
      }
      if (!success) print(render(diagnostics, { color: color.stdout }).trimEnd());
    }
    return success ? exitCodes.ok : exitCodes.findings;
  },
};
