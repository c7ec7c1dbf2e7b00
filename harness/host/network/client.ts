import { MeshscriptError, diagnostic } from "../../../diagnostics/index.ts";
import type { Chain } from "../chain.ts";
import type { Runtime } from "../runtime.ts";
import type { Scheduler } from "../scheduler.ts";
import { HostConnection, type NetworkClock } from "./ends.ts";
import { type Dial, NetworkStream } from "./stream.ts";

/** Begins TCP connections: each on a worker, with contexts of its own. */
export class NetworkClient {
  private readonly clock: NetworkClock;
  private readonly open = new Set<HostConnection>();
  private next = 0;

  constructor(
    private readonly runtime: Runtime,
    private readonly scheduler: Scheduler,
  ) {
    this.clock = {
      post: (task) => runtime.loop.post(task),
      run: () => scheduler.run(),
      until: (holds, limitMs) => scheduler.until(holds, limitMs),
    };
  }

  /** @throws MeshscriptError MS0407 for a listener that is none of TCP, MS0704 after `stop()` */
  connect(chain: Chain): HostConnection {
    const { runtime, scheduler } = this;
    if (!scheduler.running) throw scheduler.crash ?? new MeshscriptError(diagnostic("MS0704", "a connection after stop()"));
    if (!chain.tcp)
      throw new MeshscriptError(diagnostic("MS0407", `the listener ${chain.name} speaks HTTP: connect() is for one with \`tcp\``));
    const worker = runtime.workers[this.next++ % runtime.workers.length];
    const client = new HostConnection(this.clock);
    this.open.add(client);
    const port = 49_152 + (this.next % 10_000);
    const connection = { id: this.next, local: chain.address, remote: { host: "127.0.0.1", port }, tls: undefined };
    const info = { start: runtime.clock.elapsed, filterState: new Map<string, Buffer>(), cluster: undefined, upstreamHost: undefined };
    const stream = new NetworkStream(
      connection,
      info,
      client,
      this.dial(chain),
      (task) => runtime.loop.post(task),
      () => this.open.delete(client),
    );
    stream.begin(chain.plugins.map((plugin) => (callbacks) => worker?.connection(plugin, callbacks)));
    scheduler.run();
    return client;
  }

  /** What is open ends as if its client had left. */
  stop(): void {
    for (const client of [...this.open]) client.reset();
  }

  private dial({ tcp }: Chain): Dial {
    return (stream) => {
      const cluster = tcp?.cluster;
      if (cluster?.kind !== "upstream" || cluster.upstream.protocol !== "tcp") return undefined;
      const { upstream } = cluster;
      stream.info.cluster = cluster.name;
      stream.info.upstreamHost = upstream.address;
      const connection = new HostConnection(this.clock);
      this.runtime.loop.post(() => upstream.accept(connection));
      return connection;
    };
  }
}
