import type { Address } from "../../harness/envoy/builders.ts";
import type { Responder, UpstreamProtocol } from "../../harness/upstreams/types.ts";
import { Upstream } from "../../harness/upstreams/upstream.ts";
import type { ProxyConfig } from "../compile.ts";

/** What a stub says of each request, as JSON: enough to see which workload got it and as what. */
export interface Echo {
  workload: string;
  method: string;
  path: string;
  authority: string | undefined;
  headers: Record<string, string>;
}

/** Answers 200 with what it received. */
export function echo(workload: string): Responder {
  return ({ method, path, authority, headers }) => {
    const body: Echo = { workload, method, path, authority, headers: Object.fromEntries(headers) };
    return { status: 200, headers: { "content-type": "application/json" }, body: `${JSON.stringify(body)}\n` };
  };
}

/** What stands for a workload's application: an upstream for each of its ports, which remembers what it received. */
export class Application {
  private readonly upstreams = new Map<number, Upstream>();

  constructor(
    readonly proxy: ProxyConfig,
    private readonly respond: Responder,
    private readonly protocolOf: (target: number) => UpstreamProtocol,
  ) {}

  async start(): Promise<void> {
    for (const target of this.proxy.targets) await this.open(target);
  }

  /** The upstream behind a port; ports that a new configuration brings are opened. */
  async open(target: number): Promise<Upstream> {
    const name = `${this.proxy.workload.name}:${target}`;
    const found =
      this.upstreams.get(target) ?? (await new Upstream(name, { respond: this.respond, protocol: this.protocolOf(target) }).start());
    this.upstreams.set(target, found);
    return found;
  }

  /** @param target [its first port] */
  upstream(target?: number): Upstream | undefined {
    return target === undefined ? [...this.upstreams.values()][0] : this.upstreams.get(target);
  }

  address(target: number): Address | undefined {
    return this.upstreams.get(target)?.address;
  }

  async stop(): Promise<void> {
    for (const upstream of this.upstreams.values()) await upstream.stop();
  }
}
