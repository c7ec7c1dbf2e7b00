import { join } from "node:path";
import { type Diagnostic, MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { send } from "../../harness/client/send.ts";
import type { HttpRequest, PendingResponse } from "../../harness/client/types.ts";
import type { Address } from "../../harness/envoy/builders.ts";
import type { Envoy } from "../../harness/envoy/envoy.ts";
import type { RunDirectory } from "../../harness/envoy/run-directory.ts";
import type { ConfigObject } from "../../harness/envoy/types.ts";
import type { Authority } from "../../harness/identities/types.ts";
import type { TcpConnection } from "../../harness/tcp/connection.ts";
import { connectTcp } from "../../harness/tcp/socket.ts";
import type { HeadersInput, UpstreamProtocol } from "../../harness/upstreams/types.ts";
import type { Upstream } from "../../harness/upstreams/upstream.ts";
import { loadAssignment } from "../clusters/endpoints.ts";
import { type CompiledMesh, type ProxyConfig, compile } from "../compile.ts";
import { gatewayListenerName, gatewayTarget } from "../listeners/gateway/index.ts";
import { inboundEndpointsPath, inboundListenerName } from "../listeners/inbound.ts";
import { outboundListenerName } from "../listeners/outbound.ts";
import { tcpListenerName } from "../listeners/outbound-tcp.ts";
import { inboundCluster } from "../model/cluster-names.ts";
import { inFull } from "../model/hosts.ts";
import { isHttp, isHttp2 } from "../model/ports.ts";
import type { Application } from "./application.ts";
import { compileOptions } from "./compile-options.ts";
import { Credentials } from "./credentials.ts";
import { type Draw, withDraw } from "./draw.ts";
import { environment } from "./environment.ts";
import { type Explained, type Explanation, explain } from "./explain/index.ts";
import { findWorkload, notThere } from "./find.ts";
import { withHost } from "./host-header.ts";
import { filesAreFew } from "./inline.ts";
import { judge, refuseMistakes } from "./judge.ts";
import { proxyFolder } from "./layout.ts";
import { refuseMissingModules } from "./modules.ts";
import { type MeshOptions, VALID_FOR } from "./options.ts";
import type { HostStubs } from "./outside/host-stubs.ts";
import { Program } from "./program.ts";
import { readResources } from "./resources.ts";
import { RunningProxy } from "./running-proxy.ts";
import { Served } from "./served.ts";
import { Stub } from "./stub.ts";

/** A request of a workload's application to a host of the mesh. */
export interface MeshRequest extends HttpRequest, Draw {
  /** `http://reviews:9080/reviews/1`: the host as the application would write it. */
  url: string;
}

/** What speaks for a workload's application. */
export interface Caller {
  request: (request: MeshRequest) => PendingResponse;
  /** Sends a request and tells where it went: which rule, subset and policy decided, with file and line of each. */
  explain: (request: MeshRequest) => Promise<Explanation>;
  /** Bytes to a service's port. */
  connect: (to: { host: string; port: number }) => TcpConnection;
}

/** A request of a client to a gateway. */
export interface GatewayRequest extends HttpRequest, Draw {
  /** Of the Gateway's server [80]. */
  port?: number;
}

/** A gateway, for clients. `port` is that of the Gateway's server [80]. */
export interface GatewayAccess {
  request: (request: GatewayRequest) => PendingResponse;
  /** As `explain` of a workload. */
  explain: (request: GatewayRequest) => Promise<Explanation>;
  address: (port?: number) => Address;
}

/** A running mesh. Made by `openMesh`. */
export class RunningMesh {
  private readonly proxies = new Map<string, RunningProxy>();
  private readonly applications = new Map<string, Application>();
  private readonly separate: boolean;
  private readonly credentials: Credentials;
  private changing: Promise<unknown> = Promise.resolve();
  private stopping: Promise<void> | undefined;

  constructor(
    private compiled: CompiledMesh,
    private judged: readonly Diagnostic[],
    private readonly options: MeshOptions,
    private readonly directory: RunDirectory,
    /** Whom all proxies believe: issues identities of workloads, and of others. */
    readonly authority: Authority,
    private readonly stubs: HostStubs,
  ) {
    this.separate = filesAreFew(compiled.proxies.values());
    this.credentials = new Credentials(authority);
  }

  /** The workloads' names with their namespaces, gateways among them. */
  get workloads(): string[] {
    return [...this.compiled.proxies.keys()];
  }

  /** What the resources say. */
  get configuration(): CompiledMesh {
    return this.compiled;
  }

  /** What the resources say to no effect, or in contradiction to each other; with `allowUnsupported`, what is left out, too. */
  get findings(): readonly Diagnostic[] {
    return this.judged;
  }

  /** The folder of its proxies' configurations and logs. */
  get runDir(): string {
    return this.directory.path;
  }

  /** The proxy of a workload. */
  envoy(name: string): Envoy {
    return this.proxyOf(this.find(name)).envoy;
  }

  /** Speaks for a workload's application. @param name of the workload, or of an app that has only one */
  from(name: string): Caller {
    const config = this.find(name);
    const { envoy } = this.proxyOf(config);
    const request = ({ url, draw, ...rest }: MeshRequest) => {
      const { host, port, pathname, search } = new URL(url);
      const address = envoy.address(outboundListenerName(port === "" ? 80 : Number(port)));
      return send(address, { path: `${pathname}${search}`, ...rest, headers: withHost(this.drawn(rest.headers, draw), host) });
    };
    return {
      request,
      explain: (asked) => explain(asked.headers, (headers) => request({ ...asked, headers }), this.explained()),
      connect: ({ host, port }) => connectTcp(envoy.address(tcpListenerName(inFull(host, config.workload.namespace), port))),
    };
  }

  /** @param name of the gateway's workload, as `istio-ingressgateway` [the first] */
  gateway(name?: string): GatewayAccess {
    const gateways = [...this.compiled.proxies.values()].filter(({ workload }) => workload.type === "gateway");
    const config = name === undefined ? gateways[0] : this.find(name);
    if (config === undefined) throw notThere("gateway", name ?? "", []);
    const address = (port = 80) => {
      const target = gatewayTarget(port, config.workload, this.compiled.mesh);
      return this.proxyOf(config).envoy.address(gatewayListenerName(target));
    };
    const request = ({ port, draw, ...rest }: GatewayRequest) => {
      const headers = this.drawn(rest.headers, draw);
      return send(address(port), { ...rest, ...(headers ? { headers } : {}) });
    };
    return {
      address,
      request,
      explain: (asked) => explain(asked.headers, (headers) => request({ ...asked, headers }), this.explained()),
    };
  }

  /**
   * The stub that stands for a workload's application: what it received, and how it answers.
   * @param version where an app has several
   */
  workload(name: string, version?: string): Upstream {
    const { workload } = this.find(name, version);
    const upstream = this.applications.get(workload.id)?.upstream();
    if (upstream) return upstream;
    const message = `${workload.id} has no stub: no service leads to it, or it is a program of yours`;
    throw new MeshscriptError(diagnostic("MS0407", message));
  }

  /**
   * What stands for a host outside: what it received, and how it answers.
   * @throws MeshscriptError MS0407 for one that has no stub, or whose stub is a port
   */
  outside(host: string): Upstream {
    return this.stubs.upstream(host);
  }

  /**
   * Takes other resources while requests go on, one change after the other; resolves when every proxy that it concerns has them. What the
   * resources no longer have is stopped when nobody calls it any more.
   *
   * @throws MeshscriptError for resources that cannot be read, or say what is not supported: the mesh stays as it is.
   */
  apply(resources: string | readonly string[]): Promise<void> {
    const next = this.changing.then(() => this.change(resources));
    this.changing = next.catch(() => undefined);
    return next;
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
    const configs = [...this.compiled.proxies.values()];
    await this.stubs.writeRoots(this.directory.path);
    await this.stubs.certify(this.compiled.mesh);
    await this.open(configs);
    // Behind the proxies: what is free before they have chosen their ports may be theirs a moment later.
    await Promise.all(configs.map((config) => this.openPorts(config)));
    // All at once: whom a proxy calls, it learns when all have their ports.
    await this.learn();
    await Promise.all([...this.applications].map(([id, application]) => this.startApplication(id, application)));
  }

  private explained(): Explained {
    const configs = [...this.compiled.proxies.values()];
    const logs = configs.map((config) => ({ config, file: join(this.proxyOf(config).envoy.runDir, "access.log") }));
    const at = (endpoint: string) => [...this.proxies].find(([, proxy]) => proxy.accepts(endpoint))?.[0];
    return { compiled: this.compiled, logs, at };
  }

  private drawn(headers: HeadersInput | undefined, draw: number | undefined): HeadersInput | undefined {
    return withDraw(headers, draw, this.options.draws ?? false);
  }

  private async change(resources: string | readonly string[]): Promise<void> {
    const read = await readResources(resources);
    await refuseMistakes(read);
    const findings = judge(read, this.options.allowUnsupported ?? false);
    const next = compile(read, compileOptions(this.options, this.stubs.local));
    this.stubs.check(next.mesh);
    await refuseMissingModules(next.mesh.extensions);
    await this.stubs.certify(next.mesh);
    const before = this.compiled;
    const coming = [...next.proxies.values()].filter(({ workload }) => !before.proxies.has(workload.id));
    const leaving = [...before.proxies.keys()].filter((id) => !next.proxies.has(id));
    this.compiled = next;
    this.judged = findings;
    await this.open(coming);
    await Promise.all([...next.proxies.values()].map((config) => this.openPorts(config)));
    await Promise.all(
      [...next.proxies].map(async ([id, config]) => {
        const old = (path: string) => this.endpoints(before.proxies.get(id) ?? config, path, before);
        const secrets = await this.credentials.of(config);
        return this.proxies.get(id)?.change(config, secrets, (path) => this.endpoints(config, path), old);
      }),
    );
    for (const { workload } of coming) {
      const application = this.applications.get(workload.id);
      if (application) await this.startApplication(workload.id, application);
    }
    await Promise.all(leaving.map((id) => this.close(id)));
  }

  /** Starts proxies, which know nobody yet. */
  private async open(configs: readonly ProxyConfig[]): Promise<void> {
    const started = await Promise.allSettled(
      configs.map(async (config) => {
        const { workload } = config;
        const folder = proxyFolder(this.directory.path, workload.id);
        if (workload.type === "sidecar") this.applications.set(workload.id, this.applicationOf(workload.name, folder));
        const { namespace, serviceAccount } = workload;
        const identity = await this.authority.issue({ namespace, serviceAccount, validFor: VALID_FOR });
        const { signal } = this.options;
        const secrets = await this.credentials.of(config);
        const options = { folder, identity, secrets, separate: this.separate, ...(signal ? { signal } : {}) };
        this.proxies.set(workload.id, await RunningProxy.open(config, options, (path) => this.endpoints(config, path)));
      }),
    );
    for (const result of started) if (result.status === "rejected") throw result.reason;
  }

  /** Every proxy takes what is known of the others by now. */
  private async learn(): Promise<void> {
    await Promise.all([...this.proxies].map(([id, proxy]) => proxy.learn((path) => this.endpoints(this.config(id), path))));
  }

  /** Between two changes: an application has ended, or is back. */
  private relearn(): void {
    const next = this.changing.then(() => (this.stopping ? undefined : this.learn()));
    this.changing = next.catch(() => undefined);
  }

  private applicationOf(name: string, folder: string): Application {
    const spec = this.options.applications?.[name] ?? {};
    if (spec.command !== undefined) {
      return new Program(name, { ...spec, command: spec.command }, folder, (event) => {
        this.options.onProgram?.(event);
        this.relearn();
      });
    }
    if (spec.served !== undefined) return new Served(spec.served);
    return new Stub(name, this.options.respond?.[name]);
  }

  private async openPorts(config: ProxyConfig): Promise<void> {
    const application = this.applications.get(config.workload.id);
    for (const target of config.targets) await application?.open(target, this.protocolOf(config, target));
  }

  private async startApplication(id: string, application: Application): Promise<void> {
    const proxy = this.proxies.get(id);
    if (proxy) await application.start(environment(this.config(id).workload, this.compiled.mesh, proxy));
  }

  private async close(id: string): Promise<void> {
    await this.proxies.get(id)?.stop();
    await this.applications.get(id)?.stop();
    this.proxies.delete(id);
    this.applications.delete(id);
  }

  /** What is at a path of endpoints at this moment, for a proxy. */
  private endpoints({ workload, targets }: ProxyConfig, path: string, { endpoints } = this.compiled): ConfigObject {
    const shared = endpoints.get(path);
    if (shared) return loadAssignment(shared, this.addressOf);
    const target = targets.find((each) => inboundEndpointsPath(each) === path);
    const address = target === undefined ? undefined : this.applications.get(workload.id)?.address(target);
    const own = address ? [{ ...address, mtls: false, weight: 1 }] : [];
    const localities = [{ locality: "", priority: 0, weight: 1, endpoints: own }];
    return loadAssignment({ cluster: target === undefined ? path : inboundCluster(target), localities }, () => undefined);
  }

  /** Where a port of a workload's proxy accepts connections; undefined while it does not. */
  private readonly addressOf = (id: string, target: number): Address | undefined => {
    if (this.applications.get(id)?.down) return undefined;
    const gateway = this.compiled.proxies.get(id)?.workload.type === "gateway";
    return this.proxies.get(id)?.address(gateway ? gatewayListenerName(target) : inboundListenerName(target));
  };

  private protocolOf({ workload }: ProxyConfig, target: number): UpstreamProtocol {
    const services = this.compiled.mesh.servicesOf(workload);
    const port = services.flatMap(({ ports }) => ports).find((each) => each.target === target);
    if (port === undefined || (isHttp(port) && !isHttp2(port))) return "http/1.1";
    return isHttp2(port) ? "h2c" : "tcp";
  }

  private config(id: string): ProxyConfig {
    const found = this.compiled.proxies.get(id);
    if (found === undefined) throw notThere("workload", id, this.workloads);
    return found;
  }

  private proxyOf({ workload: { id } }: ProxyConfig): RunningProxy {
    const found = this.proxies.get(id);
    if (found === undefined) throw notThere("proxy", id, [...this.proxies.keys()]);
    return found;
  }

  private find(name: string, version?: string): ProxyConfig {
    return findWorkload([...this.compiled.proxies.values()], name, version);
  }

  private async end(): Promise<void> {
    // Who calls before who is called: nothing is left without its answer.
    const ended = await Promise.allSettled([...this.proxies.values()].map((proxy) => proxy.stop()));
    await Promise.allSettled([...this.applications.values(), this.stubs].map((each) => each.stop()));
    const crashed = ended.find((each) => each.status === "rejected");
    // What a proxy left that ended by itself is kept, for a look.
    if (crashed?.status === "rejected") {
      this.directory.keep();
      throw crashed.reason;
    }
    await this.directory.remove();
  }
}
