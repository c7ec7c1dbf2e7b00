import type { VirtualClock } from "./clock.ts";
import type { Context } from "./context/context.ts";
import type { Counter } from "./counts.ts";
import type { FaultPoints } from "./faults.ts";
import type { ForeignFunctions } from "./foreign.ts";
import type { HostLogs } from "./logs.ts";
import type { EventLoop } from "./loop.ts";
import type { SeededRandom } from "./random.ts";
import type { Callouts } from "./router/callouts.ts";
import type { SharedData } from "./shared/data.ts";
import type { MetricStore } from "./shared/metrics.ts";
import type { SharedQueues } from "./shared/queues.ts";

/** Who is inside a module right now. One for the whole host: nothing here runs in parallel. */
export interface CallState {
  /** The context whose callback runs. */
  current: Context | undefined;
  /** Its name; "" outside of modules. */
  callback: string;
  /** What `proxy_set_effective_context` chose; 0: the current one. */
  effective: number;
  /** Where calls are counted. */
  counter: Counter | undefined;
}

/** The node as `xds.node` shows it. */
export interface NodeInfo {
  id: string;
  cluster: string;
  metadata: Readonly<Record<string, unknown>>;
}

/** What VMs and contexts need of the host. */
export interface HostCore {
  readonly state: CallState;
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly loop: EventLoop;
  readonly logs: HostLogs;
  readonly faults: FaultPoints;
  readonly data: SharedData;
  readonly queues: SharedQueues;
  readonly metrics: MetricStore;
  readonly callouts: Callouts;
  readonly foreign: ForeignFunctions;
  readonly node: NodeInfo;
  /** Adds one to a counter of Envoy's own. */
  count(stat: string): void;
  /** A VM went away; with the last one of its vm_id go the shared data. */
  vmGone(vmId: string): void;
}
