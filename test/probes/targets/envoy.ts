import { setTimeout } from "node:timers/promises";
import type { AccessLogEntry, ChainOptions, Envoy, HttpRequest } from "../../../harness/index.ts";
import type { Target } from "../types.ts";

/** The lines that modules logged on the worker, by the name of their VM. The canary and the base VM, which repeat what the worker's does, live on the main thread. */
class WorkerLines {
  private readonly byVm = new Map<string, string[]>();
  private seen = 0;

  constructor(private readonly envoy: Envoy) {}

  of(vm: string): string[] {
    const { wasm, envoy } = this.envoy.logs();
    const mainThread = envoy.find((line) => line.component === "main")?.thread;
    for (const line of wasm.slice(this.seen)) {
      // The last word of the source: `plugin root vm`.
      const [id = ""] = (line.source.split(" ").at(-1) ?? "").split(".");
      if (line.thread !== mainThread) this.byVm.set(id, [...(this.byVm.get(id) ?? []), line.message]);
    }
    this.seen = wasm.length;
    return this.byVm.get(vm) ?? [];
  }
}

let marks = 0;

const workers = new WeakMap<Envoy, WorkerLines>();

/** One probe's view of an Envoy: its listener, the lines of its VMs, its access log entries. */
export class EnvoyTarget implements Target {
  private readonly worker: WorkerLines;

  constructor(
    private readonly envoy: Envoy,
    private readonly id: string,
    private readonly options: { listener?: string; upstream: Target["upstream"]; stop?: () => Promise<void> },
  ) {
    this.worker = workers.get(envoy) ?? new WorkerLines(envoy);
    workers.set(envoy, this.worker);
  }

  request(request: HttpRequest) {
    const { listener } = this.options;
    return this.envoy.request({ ...request, ...(listener === undefined ? {} : { listener }) });
  }

  connect() {
    const { listener } = this.options;
    return this.envoy.connect(listener === undefined ? {} : { listener });
  }

  upstream(name: string) {
    return this.options.upstream(name);
  }

  lines(): string[] {
    return this.worker.of(this.id);
  }

  async wait(enough: (lines: readonly string[]) => boolean, timeout = 5_000): Promise<void> {
    const deadline = performance.now() + timeout;
    for (;;) {
      const { mark } = this.envoy.logs();
      const lines = this.lines();
      if (enough(lines)) return;
      const left = deadline - performance.now();
      const more = left > 0 && (await this.envoy.waitForLog("[wasm]", { from: mark, timeout: left }).catch(() => undefined));
      if (!more && !enough(this.lines())) throw new Error(`the lines did not come:\n${this.lines().join("\n")}`);
    }
  }

  async until(holds: () => boolean, timeout = 5_000): Promise<void> {
    const deadline = performance.now() + timeout;
    while (!holds()) {
      if (performance.now() > deadline) throw new Error(`it did not become so:\n${this.lines().join("\n")}`);
      await setTimeout(2);
    }
  }

  async accessLog(count: number): Promise<AccessLogEntry[]> {
    const ours = (entries: readonly AccessLogEntry[]) => entries.filter((entry) => entry["probe"] === this.id);
    let entries = await this.envoy.waitForAccessLog(0);
    while (ours(entries).length < count) entries = await this.envoy.waitForAccessLog(entries.length + 1);
    await this.settled();
    return ours(entries);
  }

  /** What the worker logged before this moment has been read when a line that Envoy logs now has: all go through one pipe. */
  private async settled(): Promise<void> {
    const mark = `settled=${++marks}`;
    const from = this.envoy.logs().mark;
    await this.envoy.admin(`/ready?${mark}`);
    await this.envoy.waitForLog(new RegExp(`${mark}\\b`), { from });
  }

  update(change: ChainOptions): Promise<void> {
    return this.envoy.update(change);
  }

  async stop(): Promise<void> {
    await this.options.stop?.();
  }
}
