import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { openEnvoy, validateConfig } from "../../harness/index.ts";
import type { ModuleReport } from "../../modules/index.ts";
import { files, valuesOf, withText } from "./files.ts";

interface VmConfig {
  vm_id: string;
  code: { local: { filename: string } };
  capability_restriction_config: { allowed_capabilities: Record<string, unknown> };
}

test("the folder's README names every file", async () => {
  const readme = await readFile("envoy-configs/README.md", "utf8");
  for (const file of files) expect(readme).toContain(`| [${basename(file)}](${basename(file)}) |`);
  expect(files.length).toBeGreaterThan(2);
});

describe.each(files)("%s", (file) => {
  test("is taken by Envoy", async () => {
    await validateConfig(file);
  });

  test("allows each module exactly what it imports and exports, in a VM of its own name", async () => {
    const vms = (await valuesOf(file, "vm_config")) as VmConfig[];
    expect(vms.length).toBeGreaterThan(0);
    for (const { vm_id, code, capability_restriction_config } of vms) {
      const module = /^build\/([\w-]+)\.wasm$/.exec(code.local.filename)?.[1];
      const report = JSON.parse(await readFile(`build/${module}.report.json`, "utf8")) as ModuleReport;
      const used = [...report.imports.map(({ name }) => name), ...report.callbacks];
      expect(Object.keys(capability_restriction_config.allowed_capabilities).sort()).toEqual(used.sort());
      expect(vm_id).toBe(`meshscript.${module}`);
    }
  });

  test("opens ports on loopback only", async () => {
    const addresses = (await valuesOf(file, "socket_address")) as { address: string }[];
    expect(addresses.length).toBeGreaterThan(2);
    expect(new Set(addresses.map(({ address }) => address))).toEqual(new Set(["127.0.0.1"]));
  });

  test("is refused without its module, whatever its failure policy", async () => {
    const config = await withText(file, /filename: build\/[\w-]+\.wasm/, "filename: build/no-such.wasm");
    await expect(openEnvoy({ config, ephemeralPorts: true })).rejects.toThrow(/Invalid path: build\/no-such\.wasm/);
  });
});
