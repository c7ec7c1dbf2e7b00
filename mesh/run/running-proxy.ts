import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { statsConfigOfAllFilters } from "../../filters/metrics/stat-tags.ts";
import { type Address, bootstrap } from "../../harness/envoy/builders.ts";
import type { Envoy } from "../../harness/envoy/envoy.ts";
import { openEnvoy } from "../../harness/envoy/open.ts";
import type { ConfigObject } from "../../harness/envoy/types.ts";
import { poll } from "../../harness/envoy/wait.ts";
import type { Identity } from "../../harness/identities/types.ts";
import type { ProxyConfig } from "../compile.ts";
import { routesPath } from "../listeners/http.ts";
import { type Parts, inlined } from "./inline.ts";
import { Files, secretsOf } from "./layout.ts";

/** How long a proxy gets to take its routes. */
const TAKEN_MS = 15_000;

/** What a path of endpoints stands for at this moment. */
export type Endpoints = (path: string) => ConfigObject;

export interface ProxyOptions {
  /** Its own folder and working directory. */
  folder: string;
  identity: Identity;
  /** Envoy's secrets beside its own. */
  secrets: readonly ConfigObject[];
  /** Routes and secrets come from files of their own; otherwise they are part of listeners and clusters. */
  separate: boolean;
  signal?: AbortSignal | undefined;
}

/** A running Envoy of the mesh, and the configuration that it has. */
export class RunningProxy {
  private readonly files = new Files();
  private secrets: readonly ConfigObject[];

  private constructor(
    private config: ProxyConfig,
    private readonly options: ProxyOptions,
    private running: Envoy | undefined,
  ) {
    this.secrets = [...secretsOf(options.identity), ...options.secrets];
  }

  /** @param endpoints as far as they are known */
  static async open(config: ProxyConfig, options: ProxyOptions, endpoints: Endpoints): Promise<RunningProxy> {
    const proxy = new RunningProxy(config, options, undefined);
    const { folder, separate, signal } = options;
    if (separate) {
      await proxy.files.writeSecrets(folder, proxy.secrets);
      await proxy.writeRoutes("all");
    }
    const runs = { runDir: folder, cwd: folder, ...(signal ? { signal } : {}) };
    proxy.running = await openEnvoy({ config: proxy.bootstrap([], endpoints), ...runs });
    return proxy;
  }

  get envoy(): Envoy {
    if (this.running === undefined) throw new Error("the proxy was never started");
    return this.running;
  }

  /** Where a listener accepts connections. */
  address(listener: string): Address | undefined {
    return this.envoy.running ? this.envoy.listening.get(listener) : undefined;
  }

  /** Whether one of its listeners is there: `127.0.0.1:40233`. */
  accepts(address: string): boolean {
    return [...this.envoy.listening.values()].some(({ host, port }) => `${host}:${port}` === address);
  }

  /** Takes what has become known of others. */
  async learn(endpoints: Endpoints): Promise<void> {
    await this.envoy.update({ config: this.bootstrap([], endpoints) });
  }

  /**
   * Takes another configuration while requests go on: what it needs is there before it is used, and goes when nothing uses it any more.
   * @param old what the endpoints of clusters that leave were
   */
  async change(next: ProxyConfig, secrets: readonly ConfigObject[], endpoints: Endpoints, old: Endpoints): Promise<void> {
    const names = new Set(next.clusters.map(({ name }) => name));
    const leaving = this.config.clusters.filter(({ name }) => !names.has(name));
    const staying = inlined({ leaving }, { endpoints: old }).leaving;
    this.config = next;
    this.secrets = [...secretsOf(this.options.identity), ...secrets];
    const { separate, folder } = this.options;
    // A listener's routes and secrets must be in their files before it comes.
    if (separate) await Promise.all([this.writeRoutes("new"), this.files.writeSecrets(folder, this.secrets)]);
    await this.envoy.update({ config: this.bootstrap(staying, endpoints) });
    if (separate) await this.hasRoutes(await this.writeRoutes("all"));
    if (leaving.length > 0) await this.envoy.update({ config: this.bootstrap([], endpoints) });
  }

  async stop(): Promise<void> {
    await this.running?.stop();
  }

  private bootstrap(leaving: readonly ConfigObject[], endpoints: Endpoints): ConfigObject {
    const { node, listeners, clusters, routes } = this.config;
    const { separate } = this.options;
    const byName = new Map([...routes, ...this.secrets].map((each) => [String(each["name"]), each]));
    const named = (name: string) => byName.get(name);
    const parts: Parts = { endpoints, ...(separate ? {} : { routes: named, secrets: named }) };
    const stats = { stats_config: statsConfigOfAllFilters() };
    return bootstrap(inlined({ node, listeners, clusters: [...clusters, ...leaving], bootstrap: stats }, parts));
  }

  /** Writes all routes, or those that have no file yet; their versions. */
  private async writeRoutes(which: "all" | "new"): Promise<Map<string, string>> {
    const { folder } = this.options;
    const versions = new Map<string, string>();
    for (const route of this.config.routes) {
      const name = String(route["name"]);
      if (which === "new" && this.files.has(folder, routesPath(name))) continue;
      versions.set(name, await this.files.write("routes", folder, routesPath(name), route));
    }
    return versions;
  }

  private async hasRoutes(wanted: ReadonlyMap<string, string>): Promise<void> {
    const taken = await poll(
      async () => {
        const dump = JSON.parse((await this.envoy.admin("/config_dump?resource=dynamic_route_configs")).text) as { configs?: RouteDump[] };
        const versions = new Map((dump.configs ?? []).map(({ version_info, route_config }) => [route_config?.name, version_info]));
        return [...wanted].every(([name, version]) => versions.get(name) === version) || undefined;
      },
      { timeout: TAKEN_MS },
    );
    if (taken) return;
    const message = `the proxy of ${this.config.workload.id} did not take its routes within ${TAKEN_MS} ms`;
    throw new MeshscriptError(diagnostic("MS0409", message));
  }
}

interface RouteDump {
  version_info: string;
  route_config?: { name: string };
}
