import { createHash } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { reasonIn } from "../../harness/envoy/failure.ts";
import { poll } from "../../harness/envoy/wait.ts";
import { type ConfigObject, type Envoy, wasmFilter } from "../../harness/index.ts";
import { writeAtomically } from "../../harness/provision/cache.ts";
import type { DebugModule } from "../../modules/index.ts";

const WASM = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
const RESOURCE = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig";
/** How long the workers get to take a module. */
const TAKE_MS = 15_000;

/** A filter as it runs: its module on disk and its configuration. */
export interface Served {
  name: string;
  wasm: string;
  /** The text of its config.json [no configuration]. */
  config?: string;
}

/**
 * The files of extension config discovery (ECDS), one for each filter: Envoy takes a file when another is moved over it. The VM has the
 * same vm_id in each, so shared data and metrics outlive the module; streams that are under way end on the old one.
 */
export class ExtensionConfigs {
  private readonly kept = new Map<string, string[]>();

  /** @param folder of this run */
  constructor(private readonly folder: string) {}

  /** The entry of the filter in the chain. */
  entry(name: string): ConfigObject {
    const source = { resource_api_version: "V3", path_config_source: { path: this.file(name) } };
    return { name, config_discovery: { config_source: source, type_urls: [WASM] } };
  }

  /** Writes a module where nothing else has been: Envoy knows a module by its path, and reads it when the configuration changes. */
  async place(name: string, { wasm, sourceMap }: DebugModule): Promise<string> {
    const hash = createHash("sha256").update(wasm).digest("hex").slice(0, 12);
    const path = join(this.folder, "modules", hash, `${name}.wasm`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.map`, sourceMap);
    await writeFile(path, wasm);
    return path;
  }

  /** What Envoy finds when it starts. */
  async write(served: Served): Promise<undefined> {
    const { name, wasm, config } = served;
    const { typed_config } = wasmFilter({ name, wasm, ...(config === undefined ? {} : { config }) });
    const text = JSON.stringify({ resources: [{ "@type": RESOURCE, name, typed_config }] }, null, 2);
    // For its owner only: a configuration can have secrets in it.
    await mkdir(dirname(this.file(name)), { recursive: true, mode: 0o700 });
    await writeAtomically(this.file(name), text);
    await this.keep(name, dirname(wasm));
  }

  /**
   * Hands over a module, a configuration or both; resolves when every worker serves it.
   * @returns why Envoy refused, in its words; then the old one goes on serving
   */
  async swap(served: Served, envoy: Envoy): Promise<string | undefined> {
    const before = await this.counters(served.name, envoy);
    const { mark } = envoy.logs();
    await this.write(served);
    const verdict = await poll(
      async () => {
        const now = await this.counters(served.name, envoy);
        if (now.rejected > before.rejected) return "rejected";
        // `update_success` is of the main thread; `config_reload` counts when the last worker has it, but also after a refusal.
        return now.success > before.success && now.reload > before.reload ? "live" : undefined;
      },
      { timeout: TAKE_MS },
    );
    if (verdict === "live") return undefined;
    if (verdict === undefined) return `not live on all workers within ${TAKE_MS / 1000} s`;
    // The counter can be ahead of the line, which comes through a pipe.
    const line = await envoy.waitForLog(/config update (?:rejected|failure)/, { from: mark, timeout: 1_000 }).catch(() => "");
    return reasonIn([line]) ?? "no reason in Envoy's log";
  }

  private file(name: string): string {
    return join(this.folder, "ecds", `${name}.json`);
  }

  private async counters(name: string, envoy: Envoy) {
    const prefix = `extension_config_discovery.http_filter.${name}.`;
    const stats = await envoy.stats("^extension_config_discovery\\.http_filter\\.");
    const of = (counter: string) => stats.get(prefix + counter) ?? 0;
    return { rejected: of("update_rejected"), success: of("update_success"), reload: of("config_reload") };
  }

  /** The folders of this module and the one before stay; Envoy has read those before them long ago. */
  private async keep(name: string, folder: string): Promise<void> {
    const kept = [folder, ...(this.kept.get(name) ?? []).filter((other) => other !== folder)];
    this.kept.set(name, kept.slice(0, 2));
    const inUse = new Set([...this.kept.values()].flat());
    for (const old of kept.slice(2)) if (!inUse.has(old)) await rm(old, { recursive: true, force: true });
  }
}
