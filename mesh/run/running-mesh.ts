import { rm } from "node:fs/promises";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { statsConfigOfAllFilters } from "../../filters/metrics/stat-tags.ts";
import { send } from "../../harness/client/send.ts";
import type { HttpRequest, PendingResponse } from "../../harness/client/types.ts";
import { type Address, bootstrap } from "../../harness/envoy/builders.ts";
import type { Envoy } from "../../harness/envoy/envoy.ts";
import { openEnvoy } from "../../harness/envoy/open.ts";
import { type RunDirectory, openRunDirectory } from "../../harness/envoy/run-directory.ts";
import type { ConfigObject } from "../../harness/envoy/types.ts";
import { poll } from "../../harness/envoy/wait.ts";
import { createAuthority } from "../../harness/identities/authority.ts";
import type { Authority, Identity } from "../../harness/identities/types.ts";
import type { TcpConnection } from "../../harness/tcp/connection.ts";
import { connectTcp } from "../../harness/tcp/socket.ts";
import type { Responder, UpstreamProtocol } from "../../harness/upstreams/types.ts";
import type { Upstream } from "../../harness/upstreams/upstream.ts";
import { loadAssignment } from "../clusters/endpoints.ts";
import { type CompileOptions, type CompiledMesh, type ProxyConfig, compile } from "../compile.ts";
import { gatewayListenerName, gatewayTarget } from "../listeners/gateway.ts";
import { routesPath } from "../listeners/http.ts";
import { inboundEndpointsPath, inboundListenerName } from "../listeners/inbound.ts";
import { outboundListenerName } from "../listeners/outbound.ts";
import { tcpListenerName } from "../listeners/outbound-tcp.ts";
import { inboundCluster } from "../model/cluster-names.ts";
import { inFull } from "../model/hosts.ts";
import { TRUST_DOMAIN } from "../model/mesh.ts";
import { isHttp2 } from "../model/ports.ts";
import { Application, echo } from "./application.ts";
import { type Parts, filesAreFew, inlined } from "./inline.ts";
import { Files, proxyFolder, secretsOf } from "./layout.ts";
import { readResources } from "./resources.ts";

/** How long all proxies get to take a change. */
const TAKEN_MS = 15_000;

export interface MeshOptions extends CompileOptions {
  /** Files, folders, or YAML itself. */
  resources: string | readonly string[];
  /** How applications answer, by the name of their workload [200, and what they received as JSON]. */
  respond?: Record<string, Responder>;
  /** Stops the start, and what has started, when aborted. */
  signal?: AbortSignal;
}

/** A request of a workload's application to a host of the mesh. */
export interface MeshRequest extends HttpRequest {
  /** `http://reviews:9080/reviews/1`: the host as the application would write it. */
  url: string;
}

/**
 * Starts a mesh: for each workload an application and an Envoy beside it, for each gateway an Envoy, all on loopback, with certificates of an
 * authority of its own. Resolves when all of them serve and know each other.
 *
 * @throws MeshscriptError for resources that cannot be read, and what `openEnvoy` throws.
 * @example
 * await using mesh = await openMesh({ resources: "bookinfo/" });
 * const answer = await mesh.from("productpage").request({ url: "http://reviews:9080/reviews/1" });
 */
export async function openMesh(options: MeshOptions): Promise<RunningMesh> {
  const compiled = compile(await readResources(options.resources), options);
  const directory = await openRunDirectory(undefined);
  const authority = await createAuthority({ trustDomain: TRUST_DOMAIN });
  const mesh = new RunningMesh(compiled, options, directory, authority);
  try {
    await mesh.start();
    return mesh;
  } catch (error) {
    await mesh.stop().catch(() => undefined);
    throw error;
  }
}

/** A running mesh. Made by `openMesh`. */
export class RunningMesh {
  private readonly files = new Files();
  private readonly identities = new Map<string, Identity>();
  /** Routes and secrets come from files of their own. */
  private separate = true;
  private readonly envoys = new Map<string, Envoy>();
  private readonly applications = new Map<string, Application>();
  private stopping: Promise<void> | undefined;

  constructor(
    private compiled: CompiledMesh,
    private readonly options: MeshOptions,
    private readonly directory: RunDirectory,
    private readonly authority: Authority,
  ) {}

  /** The workloads' names with their namespaces. */
  get workloads(): string[] {
    return [...this.compiled.proxies.keys()];
  }

  /** The proxy of a workload. */
  envoy(name: string): Envoy {
    const { id } = this.find(name).workload;
    const found = this.envoys.get(id);
    if (found === undefined) throw notThere("proxy", name, [...this.envoys.keys()]);
    return found;
  }

  /** Speaks for a workload's application. @param name of the workload, or of an app that has only one */
  from(name: string): {
    request: (request: MeshRequest) => PendingResponse;
    /** Bytes to a service's port. */
    connect: (to: { host: string; port: number }) => TcpConnection;
  } {
    const envoy = this.envoy(name);
    const { namespace } = this.find(name).workload;
    return {
      connect: ({ host, port }) => connectTcp(envoy.address(tcpListenerName(inFull(host, namespace), port))),
      request: ({ url, ...request }) => {
        const { host, port, pathname, search } = new URL(url);
        const number = port === "" ? 80 : Number(port);
        const listener = outboundListenerName(number);
        return send(envoy.address(listener), { path: `${pathname}${search}`, ...request, headers: withHost(request.headers, host) });
      },
    };
  }

  /** A gateway for clients. @param name of its workload, as `istio-ingressgateway` [the only one] */
  gateway(name?: string): { request: (request: HttpRequest & { port?: number }) => PendingResponse; address: (port?: number) => Address } {
    const gateways = [...this.compiled.proxies.values()].filter(({ workload }) => workload.type === "gateway");
    const proxy = name === undefined ? gateways[0] : this.find(name);
    if (proxy === undefined)
      throw notThere(
        "gateway",
        name ?? "",
        gateways.map(({ workload }) => workload.id),
      );
    const envoy = this.envoy(proxy.workload.id);
    const address = (port = 80) => envoy.address(gatewayListenerName(gatewayTarget(port, proxy.workload, this.compiled.mesh)));
    return { address, request: ({ port, ...request }) => send(address(port), request) };
  }

  /**
   * A workload's application: what it received, and how it answers.
   * @param version where an app has several
   */
  workload(name: string, version?: string): Upstream {
    const { workload } = this.find(name, version);
    const upstream = this.applications.get(workload.id)?.upstream();
    if (upstream === undefined)
      throw new MeshscriptError(diagnostic("MS0407", `no service leads to the workload ${workload.id}: it has no port`));
    return upstream;
  }

  /**
   * Takes other resources while requests go on: what a proxy needs is there before it is used, and goes when nothing uses it any more. Resolves
   * when every proxy that it concerns has them.
   */
  async apply(resources: string | readonly string[]): Promise<void> {
    const next = compile(await readResources(resources), this.options);
    const before = this.compiled;
    for (const id of next.proxies.keys()) {
      if (before.proxies.has(id)) continue;
      throw new MeshscriptError(diagnostic("MS0407", `the workload ${id} is new: a running mesh keeps its workloads`));
    }
    this.compiled = next;
    await Promise.all([...next.proxies].map(([id, proxy]) => this.update(proxy, before.proxies.get(id), before)));
  }

  /** Ends everything; resolves when every process is gone. Any number of calls. */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Once, by `openMesh`. */
  async start(): Promise<void> {
    const proxies = [...this.compiled.proxies.values()];
    this.separate = filesAreFew(proxies);
    // All at once: whom a proxy calls, it learns when all have their ports.
    const started = await Promise.allSettled(proxies.map((proxy) => this.startProxy(proxy)));
    for (const result of started) if (result.status === "rejected") throw result.reason;
    await Promise.all([...this.envoys].map(([id, envoy]) => envoy.update({ config: this.bootstrapOf(this.proxy(id)) })));
  }

  private async startProxy(proxy: ProxyConfig): Promise<void> {
    const { workload } = proxy;
    if (workload.type === "sidecar") {
      const respond = this.options.respond?.[workload.name] ?? echo(workload.name);
      const application = new Application(proxy, respond, (target) => this.protocolOf(proxy, target));
      this.applications.set(workload.id, application);
      await application.start();
    }
    const folder = this.folder(workload.id);
    const identity = await this.authority.issue({ namespace: workload.namespace, serviceAccount: workload.serviceAccount });
    this.identities.set(workload.id, identity);
    if (this.separate) {
      await this.files.writeIdentity(folder, identity);
      await this.writeRoutes(proxy);
    }
    const { signal } = this.options;
    const envoy = await openEnvoy({ config: this.bootstrapOf(proxy), runDir: folder, cwd: folder, ...(signal ? { signal } : {}) });
    this.envoys.set(workload.id, envoy);
  }

  /** A proxy's bootstrap with what is known of the others now. @param leaving clusters that some routes still lead to */
  private bootstrapOf(proxy: ProxyConfig, leaving: readonly ConfigObject[] = []): ConfigObject {
    const { node, listeners, clusters, routes, workload } = proxy;
    const identity = this.identities.get(workload.id);
    const secrets = new Map(identity ? secretsOf(identity).map((each) => [String(each["name"]), each]) : []);
    const byName = new Map(routes.map((each) => [String(each["name"]), each]));
    const parts: Parts = {
      endpoints: (path) => this.endpoints(proxy, path),
      ...(this.separate ? {} : { routes: (name) => byName.get(name), secrets: (name) => secrets.get(name) }),
    };
    const config = { node, listeners, clusters: [...clusters, ...leaving], bootstrap: { stats_config: statsConfigOfAllFilters() } };
    return bootstrap(inlined(config, parts));
  }

  /** What the file of a cluster's endpoints would hold. */
  private endpoints({ workload, targets }: ProxyConfig, path: string): ConfigObject | undefined {
    const shared = this.compiled.endpoints.get(path);
    if (shared) return loadAssignment(shared, this.addressOf);
    const target = targets.find((each) => inboundEndpointsPath(each) === path);
    // A cluster that is leaving: requests that chose it have chosen their endpoint, too.
    if (target === undefined) return { cluster_name: path, endpoints: [] };
    const address = this.applications.get(workload.id)?.address(target);
    const endpoints = address ? [{ ...address, mtls: false, weight: 1 }] : [];
    return loadAssignment({ cluster: inboundCluster(target), endpoints }, () => undefined);
  }

  /** The routes of a proxy, all or only those that it has no file of yet, with their versions. */
  private async writeRoutes({ workload, routes }: ProxyConfig, which: "all" | "new" = "all"): Promise<Map<string, string>> {
    const folder = this.folder(workload.id);
    const versions = new Map<string, string>();
    for (const route of routes) {
      const name = String(route["name"]);
      if (which === "new" && this.files.has(folder, routesPath(name))) continue;
      versions.set(name, await this.files.write("routes", folder, routesPath(name), route));
    }
    return versions;
  }

  /** Where a port of a workload's proxy accepts connections; undefined while it does not. */
  private readonly addressOf = (workload: string, target: number): Address | undefined => {
    const envoy = this.envoys.get(workload);
    if (!envoy?.running) return undefined;
    const gateway = this.compiled.proxies.get(workload)?.workload.type === "gateway";
    return envoy.listening.get(gateway ? gatewayListenerName(target) : inboundListenerName(target));
  };

  private async update(proxy: ProxyConfig, before: ProxyConfig | undefined, old: CompiledMesh): Promise<void> {
    const envoy = this.envoys.get(proxy.workload.id);
    if (envoy === undefined) return;
    for (const target of proxy.targets) await this.applications.get(proxy.workload.id)?.open(target);
    // A listener's routes must be in their file before it comes.
    if (this.separate) await this.writeRoutes(proxy, "new");
    const names = new Set(proxy.clusters.map(({ name }) => name));
    const leaving = (before?.clusters ?? []).filter(({ name }) => !names.has(name));
    const known = (path: string) => {
      const file = old.endpoints.get(path);
      return file ? loadAssignment(file, this.addressOf) : { cluster_name: path, endpoints: [] };
    };
    const staying = inlined({ leaving }, { endpoints: known }).leaving;
    await envoy.update({ config: this.bootstrapOf(proxy, staying) });
    if (this.separate) await this.hasRoutes(proxy.workload.id, envoy, await this.writeRoutes(proxy));
    if (leaving.length > 0) await envoy.update({ config: this.bootstrapOf(proxy) });
  }

  /** Resolves when a proxy has routes of these versions. */
  private async hasRoutes(id: string, envoy: Envoy, wanted: ReadonlyMap<string, string>): Promise<void> {
    const taken = await poll(
      async () => {
        const dump = JSON.parse((await envoy.admin("/config_dump?resource=dynamic_route_configs")).text) as { configs?: RouteDump[] };
        const versions = new Map((dump.configs ?? []).map(({ version_info, route_config }) => [route_config?.name, version_info]));
        return [...wanted].every(([name, version]) => versions.get(name) === version) || undefined;
      },
      { timeout: TAKEN_MS },
    );
    if (!taken) throw new MeshscriptError(diagnostic("MS0409", `the proxy of ${id} did not take its routes within ${TAKEN_MS} ms`));
  }

  private protocolOf({ workload }: ProxyConfig, target: number): UpstreamProtocol {
    for (const service of this.compiled.mesh.servicesOf(workload)) {
      const port = service.ports.find((each) => each.target === target);
      if (port && isHttp2(port)) return "h2c";
      if (port?.protocol === "tcp") return "tcp";
    }
    return "http/1.1";
  }

  private folder(id: string): string {
    return proxyFolder(this.directory.path, id);
  }

  private proxy(id: string): ProxyConfig {
    const found = this.compiled.proxies.get(id);
    if (found === undefined) throw notThere("workload", id, this.workloads);
    return found;
  }

  private find(name: string, version?: string): ProxyConfig {
    const all = [...this.compiled.proxies.values()];
    const exact = version === undefined ? all.filter(({ workload }) => workload.id === name || workload.name === name) : [];
    const found =
      exact.length > 0
        ? exact
        : all.filter(({ workload: { labels } }) => labels["app"] === name && (version === undefined || labels["version"] === version));
    const [first, second] = found;
    if (first === undefined)
      throw notThere(
        "workload",
        version === undefined ? name : `${name} ${version}`,
        all.map(({ workload }) => workload.id),
      );
    if (second !== undefined) {
      const names = found.map(({ workload }) => workload.name).join(", ");
      throw new MeshscriptError(diagnostic("MS0407", `${name} is several workloads: ${names}; say which`));
    }
    return first;
  }

  private async end(): Promise<void> {
    await Promise.allSettled([...this.envoys.values()].map((envoy) => envoy.stop()));
    for (const application of this.applications.values()) await application.stop();
    await rm(this.directory.path, { recursive: true, force: true });
  }
}

interface RouteDump {
  version_info: string;
  route_config?: { name: string };
}

function withHost(headers: HttpRequest["headers"], host: string): NonNullable<HttpRequest["headers"]> {
  const pairs: (readonly [string, string | readonly string[]])[] = Array.isArray(headers) ? [...headers] : Object.entries(headers ?? {});
  if (pairs.some(([name]) => name.toLowerCase() === "host")) return headers ?? {};
  return pairs
    .flatMap(([name, value]) => (typeof value === "string" ? [[name, value] as const] : value.map((each) => [name, each] as const)))
    .concat([["host", host] as const]);
}

function notThere(what: string, name: string, names: readonly string[]): MeshscriptError {
  return new MeshscriptError(diagnostic("MS0407", `no ${what} ${JSON.stringify(name)}; there are: ${names.join(", ") || "none"}`));
}
