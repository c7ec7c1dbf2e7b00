import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "../provision/cache.ts";
import type { Admin } from "./admin.ts";
import { reasonIn } from "./failure.ts";
import type { LogStream } from "./logs.ts";
import type { ConfigObject } from "./types.ts";
import { poll } from "./wait.ts";

const TYPE = "type.googleapis.com/envoy.config";
const KINDS = {
  clusters: { type: `${TYPE}.cluster.v3.Cluster`, file: "cds.json", stats: "cluster_manager.cds" },
  listeners: { type: `${TYPE}.listener.v3.Listener`, file: "lds.json", stats: "listener_manager.lds" },
} as const;
type Kind = keyof typeof KINDS;

/** Envoy refused a file; `reason` is in its own words. */
export class Rejection extends Error {
  constructor(readonly reason: string) {
    super(reason);
  }
}

/** The files through which listeners and clusters reach Envoy: it takes a file when another is moved over it, not when it is edited. */
export class XdsFiles {
  private readonly current: Record<Kind, ConfigObject[]>;
  private version = 0;

  constructor(
    private readonly runDir: string,
    listeners: ConfigObject[],
    clusters: ConfigObject[],
  ) {
    this.current = { listeners, clusters };
  }

  /** The part of the bootstrap that names the files. */
  get dynamicResources(): ConfigObject {
    const source = (kind: Kind) => ({ resource_api_version: "V3", path_config_source: { path: this.path(kind) } });
    return { lds_config: source("listeners"), cds_config: source("clusters") };
  }

  path(kind: Kind): string {
    return join(this.runDir, "xds", KINDS[kind].file);
  }

  async writeAll(): Promise<void> {
    // A folder of their own: Envoy watches the whole folder, and at level debug it logs every change there, its own log file's too.
    // For its owner only: private keys of TLS listeners are in the files.
    await mkdir(join(this.runDir, "xds"), { recursive: true, mode: 0o700 });
    await this.write("clusters");
    await this.write("listeners");
  }

  /**
   * Hands over new listeners and clusters, and resolves when every worker has them. Make before break: new clusters, then listeners,
   * then the old clusters go.
   *
   * @throws Rejection when Envoy refuses; then the files are as before and so is what Envoy runs.
   */
  async apply(next: Record<Kind, ConfigObject[]>, admin: Admin, logs: LogStream, workers: number, timeout: number): Promise<void> {
    const before = { ...this.current };
    const names = new Set(next.clusters.map(({ name }) => name));
    const union = [...next.clusters, ...before.clusters.filter(({ name }) => !names.has(name))];
    const take = async (kind: Kind, resources: ConfigObject[]) => {
      if (JSON.stringify(resources) === JSON.stringify(this.current[kind])) return;
      await this.offer(kind, resources, admin, logs, workers, timeout);
    };
    try {
      await take("clusters", union);
      await take("listeners", next.listeners);
      await take("clusters", next.clusters);
    } catch (error) {
      // Envoy takes a valid part of a refused file (other listeners, other clusters): offering the old files undoes that.
      await take("listeners", before.listeners).catch(() => undefined);
      await take("clusters", before.clusters).catch(() => undefined);
      throw error;
    }
  }

  private async offer(kind: Kind, resources: ConfigObject[], admin: Admin, logs: LogStream, workers: number, timeout: number) {
    const mark = logs.mark;
    const old = await readState(admin, kind);
    this.current[kind] = resources;
    await this.write(kind);
    const verdict = await poll(
      async () => {
        const now = await readState(admin, kind);
        if (now.rejected > old.rejected) return "rejected";
        const taken = now.success > old.success && now.warming === 0;
        // A listener is live when each worker has taken it; Envoy counts that per worker and listener.
        const live = now.created - old.created >= (now.changed - old.changed) * workers;
        return taken && live ? "live" : undefined;
      },
      { timeout },
    );
    if (verdict === "live") return;
    if (verdict === undefined) throw new Rejection(`${kind} were not live on all workers within ${timeout} ms`);
    // The counter can be ahead of the line, which comes through a pipe.
    await logs.waitFor(/config update (?:rejected|failure)/, { from: mark, timeout: 1_000 }).catch(() => undefined);
    throw new Rejection(reasonIn(logs.since(mark)) ?? `${kind} were rejected; raise the log level to warning or above for the reason`);
  }

  private async write(kind: Kind): Promise<void> {
    this.version += 1;
    const resources = this.current[kind].map((resource) => ({ "@type": KINDS[kind].type, ...resource }));
    await writeAtomically(this.path(kind), JSON.stringify({ version_info: String(this.version), resources }, null, 2));
  }
}

async function readState(admin: Admin, kind: Kind) {
  const stats = await admin.stats("^(listener_manager|cluster_manager)\\.");
  const of = (name: string) => stats.get(name) ?? 0;
  const prefix = KINDS[kind].stats;
  return {
    success: of(`${prefix}.update_success`),
    // A file that does not parse as a configuration counts as a failure, one that parses and is refused as rejected.
    rejected: of(`${prefix}.update_rejected`) + of(`${prefix}.update_failure`),
    warming: of("listener_manager.total_listeners_warming") + of("cluster_manager.warming_clusters"),
    changed: of("listener_manager.listener_added") + of("listener_manager.listener_modified"),
    created: of("listener_manager.listener_create_success") + of("listener_manager.listener_create_failure"),
  };
}

/** Whether Envoy refused a file at the start. */
export async function rejectedAtStart(admin: Admin): Promise<boolean> {
  const stats = await admin.stats("(lds|cds)\\.update_(rejected|failure)$");
  return [...stats.values()].some((count) => count > 0);
}
