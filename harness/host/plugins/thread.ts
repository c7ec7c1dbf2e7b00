import { NetworkContext } from "../context/network.ts";
import { RootContext } from "../context/root.ts";
import { StreamContext } from "../context/stream.ts";
import type { HostCore } from "../core.ts";
import type { NetworkCallbacks, NetworkFilter } from "../network/stream.ts";
import type { FilterCallbacks, HttpFilter } from "../stream/filter.ts";
import type { HttpStream } from "../stream/stream.ts";
import { Vm } from "../vm/vm.ts";
import { FailedFilter, failedConnection } from "./failed-filter.ts";
import type { Plugin } from "./plugin.ts";

/** Envoy's default for `reload_config.backoff.base_interval`, without its jitter. */
const RELOAD_BACKOFF_NS = 1_000_000_000;

interface LoadedVm {
  vm: Vm;
  /** In virtual nanoseconds. */
  loadedAt: number;
  roots: Map<string, RootEntry>;
}

interface RootEntry {
  root: RootContext;
  streams: number;
  /** No new stream comes: shut down when the last one has ended. */
  retired: boolean;
}

/** One of Envoy's threads: its VMs and, in each, the roots of its plugins. */
export class Thread {
  private readonly vms = new Map<string, LoadedVm>();

  /** @param number 0 is the main thread: it ticks and takes configurations, and serves no request */
  constructor(
    private readonly host: HostCore,
    readonly number: number,
    private readonly ticks = true,
  ) {}

  /** Makes a plugin's root if it is not there. @returns false when the module refused the configuration or trapped */
  load(plugin: Plugin): boolean {
    const loaded = this.vms.get(plugin.vmKey) ?? this.newVm(plugin);
    if (loaded.vm.failed) return false;
    const there = loaded.roots.get(plugin.key);
    if (there) {
      there.retired = false;
      return true;
    }
    const root = new RootContext(loaded.vm, plugin);
    loaded.roots.set(plugin.key, { root, streams: 0, retired: false });
    return root.start();
  }

  /** The plugin's filter for a new stream; undefined when a failed plugin is passed over. */
  filter(plugin: Plugin, callbacks: FilterCallbacks): HttpFilter | undefined {
    const made = this.context(plugin, (vm, root, onEnd) => new StreamContext(vm, plugin, root, callbacks, onEnd));
    return made === "failed" ? new FailedFilter(callbacks) : made;
  }

  /** The same for a new TCP connection. */
  connection(plugin: Plugin, callbacks: NetworkCallbacks): NetworkFilter | undefined {
    const made = this.context(plugin, (vm, root, onEnd) => new NetworkContext(vm, plugin, root, callbacks, onEnd));
    return made === "failed" ? failedConnection(callbacks) : made;
  }

  /** Tells a plugin's root of a stream that is over, as an access logger; the root lives until then. */
  accessLogger(plugin: Plugin): (stream: HttpStream) => void {
    const held = this.vms.get(plugin.vmKey)?.roots.get(plugin.key);
    if (held) held.streams++;
    return (stream) => {
      this.working(plugin)?.roots.get(plugin.key)?.root.log(stream);
      if (held) this.streamEnded(plugin, held);
    };
  }

  /** Its VM, loaded anew when it has failed and the plugin asks for that. */
  private working(plugin: Plugin): LoadedVm | undefined {
    const loaded = this.vms.get(plugin.vmKey);
    if (!loaded || plugin.spec.failurePolicy !== "FAIL_RELOAD") return loaded;
    return loaded.vm.failed || !loaded.roots.has(plugin.key) ? this.reload(plugin, loaded) : loaded;
  }

  /** A context for what is new; undefined when a failed plugin is passed over. */
  private context<T>(plugin: Plugin, make: (vm: Vm, root: RootContext, onEnd: () => void) => T): T | "failed" | undefined {
    const loaded = this.working(plugin);
    const entry = loaded?.roots.get(plugin.key);
    if (!loaded || loaded.vm.failed || !entry) {
      return plugin.spec.failurePolicy === "FAIL_OPEN" ? undefined : "failed";
    }
    entry.streams++;
    return make(loaded.vm, entry.root, () => this.streamEnded(plugin, entry));
  }

  /** The plugins that are configured now; roots of all others end, at once or with their last stream. */
  retain(plugins: readonly Plugin[]): void {
    const keys = new Set(plugins.map(({ key }) => key));
    for (const [vmKey, loaded] of this.vms) {
      for (const [key, entry] of loaded.roots) {
        if (keys.has(key)) continue;
        entry.retired = true;
        this.shutdownIfIdle(loaded, key, entry);
      }
      if (loaded.roots.size === 0) this.dropVm(vmKey, loaded);
    }
  }

  /** For counting and for tests. */
  get all(): Vm[] {
    return [...this.vms.values()].map(({ vm }) => vm);
  }

  roots(): RootContext[] {
    return [...this.vms.values()].flatMap(({ roots }) => [...roots.values()].map(({ root }) => root));
  }

  /** vm_ids that live here. */
  get vmIds(): Set<string> {
    return new Set(this.all.map(({ spec }) => spec.vmId));
  }

  stop(): void {
    for (const root of this.roots()) root.drop();
    this.vms.clear();
  }

  private newVm(plugin: Plugin): LoadedVm {
    const vm = new Vm(this.host, plugin.vm, this.number);
    vm.ticks = this.ticks;
    vm.start();
    const loaded = { vm, loadedAt: this.host.clock.elapsed, roots: new Map<string, RootEntry>() };
    this.vms.set(plugin.vmKey, loaded);
    return loaded;
  }

  /** A failed VM is made anew by the first stream that comes late enough after the last load; its other plugins come when they are asked for. */
  private reload(plugin: Plugin, old: LoadedVm): LoadedVm {
    const { name } = plugin.spec;
    if (old.vm.failed && this.host.clock.elapsed - old.loadedAt < RELOAD_BACKOFF_NS) {
      this.host.count(`wasm.${name}.vm_reload_backoff`);
      return old;
    }
    if (old.vm.failed) {
      for (const { root } of old.roots.values()) root.drop();
      this.vms.delete(plugin.vmKey);
    }
    const loaded = this.load(plugin);
    this.host.count(`wasm.${name}.vm_reload_${loaded ? "success" : "failure"}`);
    return this.vms.get(plugin.vmKey) as LoadedVm;
  }

  private streamEnded(plugin: Plugin, entry: RootEntry): void {
    entry.streams--;
    const loaded = this.vms.get(plugin.vmKey);
    if (!loaded || loaded.roots.get(plugin.key) !== entry || !entry.retired) return;
    this.host.loop.post(() => {
      this.shutdownIfIdle(loaded, plugin.key, entry);
      if (loaded.roots.size === 0) this.dropVm(plugin.vmKey, loaded);
    });
  }

  private shutdownIfIdle(loaded: LoadedVm, key: string, entry: RootEntry): void {
    if (entry.streams > 0 || !entry.retired || loaded.roots.get(key) !== entry) return;
    loaded.roots.delete(key);
    entry.root.shutdown();
  }

  /** With its last root a VM goes, whatever that root put off. */
  private dropVm(vmKey: string, loaded: LoadedVm): void {
    for (const context of loaded.vm.contexts.values()) if (context instanceof RootContext) context.drop();
    this.vms.delete(vmKey);
    this.host.vmGone(loaded.vm.spec.vmId);
  }
}
