import {
  type Address,
  type Authority,
  type Envoy,
  type Identity,
  type Provisioned,
  createAuthority,
  openEnvoy,
  provision,
} from "../harness/index.ts";
import { type DemoFilter, type Loading, exporting } from "./filters.ts";
import { NAMESPACE, TRUST_DOMAIN, accountOf } from "./identities.ts";
import { ingressConfig, outboundListener, sidecarConfig } from "./proxies.ts";
import { Recorder } from "./recorder.ts";
import { App } from "./services/app.ts";
import { handlers } from "./services/index.ts";
import { type Caller, type Service, type Workload, entry, startWaves, workloads, workloadsOf } from "./topology.ts";

/** Long enough for a demo that runs for days. */
const VALID_FOR = "720h";

export interface MeshOptions {
  filters: readonly DemoFilter[];
  /** ["fused"] */
  loading?: Loading;
  /** The proxies speak mTLS to each other [true]. */
  mtls?: boolean;
  /** Where every proxy sends its spans, and in which format [nowhere, zipkin]. */
  collector?: Address & { format?: "zipkin" | "otlp" };
  /** The ingress's port [0: the kernel chooses]. */
  port?: number;
  /** Stops the start, and what has started, when aborted. */
  signal?: AbortSignal;
}

/** The running demo: every workload's application behind its sidecar, and the ingress in front. */
export class Mesh {
  readonly recorder = new Recorder();
  private readonly running = new Map<string, Envoy>();
  private readonly apps = new Map<string, App>();
  private stopping: Promise<void> | undefined;

  private constructor(
    readonly provisioned: Provisioned,
    /** Issues the proxies' certificates; undefined without mTLS. Its key never leaves this process. */
    readonly authority: Authority | undefined,
    private readonly options: MeshOptions,
  ) {}

  /** Starts everything and resolves when the ingress serves. What was started is stopped again when something fails. */
  static async open(options: MeshOptions): Promise<Mesh> {
    const authority = options.mtls === false ? undefined : await createAuthority({ trustDomain: TRUST_DOMAIN, validFor: VALID_FOR });
    const mesh = new Mesh(await provision(), authority, options);
    try {
      await mesh.start();
      return mesh;
    } catch (error) {
      await mesh.stop().catch(() => undefined);
      throw error;
    }
  }

  /** The proxies by name, from the ingress on. */
  get envoys(): ReadonlyMap<string, Envoy> {
    const order = ["ingress", ...workloads.map(({ name }) => name)];
    return new Map([...this.running].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)));
  }

  get ingress(): Envoy {
    return this.envoy("ingress");
  }

  /** The filters that sit in its chains. */
  get filters(): readonly DemoFilter[] {
    const { filters, collector } = this.options;
    const all = filters.filter(({ needsIdentities }) => !needsIdentities || this.authority !== undefined);
    return collector === undefined ? all : exporting(all, collector.format ?? "zipkin");
  }

  /** Where spans go. */
  get collector(): Address | undefined {
    return this.options.collector;
  }

  get url(): string {
    return this.ingress.url;
  }

  envoy(name: string): Envoy {
    const found = this.running.get(name);
    if (found === undefined) throw new Error(`no proxy ${name}; there are: ${[...this.running.keys()].join(", ")}`);
    return found;
  }

  /** Ends everything; resolves when every process is gone. Any number of calls. */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  private async start(): Promise<void> {
    // All sidecars of a wave at once; the next wave needs the ports of this one.
    for (const wave of startWaves(workloads)) await all(wave.map((workload) => this.startWorkload(workload)));
    const [front] = this.inboundOf(entry);
    if (front === undefined) throw new Error(`nothing runs ${entry}`);
    const { port = 0, collector, loading } = this.options;
    const identity = await this.identify("gateway");
    await this.run("ingress", ingressConfig({ to: front, port, filters: this.filters, loading, identity, collector }));
  }

  private async startWorkload(workload: Workload): Promise<void> {
    const handler = handlers[workload.name];
    if (handler === undefined) throw new Error(`no application for ${workload.name}`);
    const app = new App(workload, handler, (sighting) => this.recorder.saw(sighting));
    this.apps.set(workload.name, app);
    const callees = new Map(workload.calls.map((service) => [service, this.inboundOf(service)]));
    const identity = await this.identify(workload.service);
    const { collector, loading } = this.options;
    const config = sidecarConfig({ workload, app: await app.start(), callees, filters: this.filters, loading, identity, collector });
    const sidecar = await this.run(workload.name, config);
    app.connect(new Map(workload.calls.map((service) => [service, urlOf(sidecar.address(outboundListener(service)))])));
  }

  private async identify(who: Caller): Promise<Identity | undefined> {
    return this.authority?.issue({ serviceAccount: accountOf(who), namespace: NAMESPACE, validFor: VALID_FOR });
  }

  private async run(name: string, config: ReturnType<typeof sidecarConfig>): Promise<Envoy> {
    const { signal } = this.options;
    const envoy = await openEnvoy({ config, tools: this.provisioned, ...(signal ? { signal } : {}) });
    this.running.set(name, envoy);
    return envoy;
  }

  private inboundOf(service: Service): Address[] {
    return workloadsOf(service).map(({ name }) => this.envoy(name).address("inbound"));
  }

  private async end(): Promise<void> {
    await all([...this.envoys.values()].map((envoy) => envoy.stop()));
    await all([...this.apps.values()].map((app) => app.stop()));
  }
}

const urlOf = ({ host, port }: Address) => `http://${host}:${port}`;

/** Like Promise.all, but does not leave the others behind when one fails: what they started could not be stopped. */
async function all(promises: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) if (result.status === "rejected") throw result.reason;
}
