import type { Address } from "../../harness/envoy/builders.ts";
import type { Responder, UpstreamProtocol } from "../../harness/upstreams/types.ts";
import { Upstream } from "../../harness/upstreams/upstream.ts";
import type { Application } from "./application.ts";

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

/** Stands for a workload's application: an upstream for each of its ports, which remembers what it received. */
export class Stub implements Application {
  readonly down = false;
  private readonly upstreams = new Map<number, Upstream>();

  constructor(
    private readonly workload: string,
    private readonly respond: Responder = echo(workload),
  ) {}

  async open(target: number, protocol: UpstreamProtocol): Promise<Address> {
    const found = this.upstreams.get(target);
    if (found) return found.address;
    const made = await new Upstream(`${this.workload}:${target}`, { respond: this.respond, protocol }).start();
    this.upstreams.set(target, made);
    return made.address;
  }

  address(target: number): Address | undefined {
    return this.upstreams.get(target)?.address;
  }

  async start(): Promise<void> {}

  upstream(target?: number): Upstream | undefined {
    return target === undefined ? [...this.upstreams.values()][0] : this.upstreams.get(target);
  }

  async stop(): Promise<void> {
    for (const upstream of this.upstreams.values()) await upstream.stop();
  }
}
