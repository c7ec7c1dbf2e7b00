import type { MetricType } from "../shared/metrics.ts";
import { Status } from "../status.ts";
import type { HostFunction } from "../vm/link.ts";

/** The number of a type is also in the two low bits of an id. */
const types: readonly MetricType[] = ["counter", "gauge", "histogram"];
const HISTOGRAM = 2;

export const metrics = {
  proxy_define_metric: (vm, type: number, name: number, nameLength: number, outId: number) => {
    const text = vm.take(name, nameLength);
    if (text === undefined) return Status.InvalidMemoryAccess;
    const kind = types[type >>> 0];
    if (kind === undefined) return Status.BadArgument;
    // Each definition is another id of the same stat.
    const id = vm.metricIds.next(type);
    vm.metricIds.set(id, vm.host.metrics.define(kind, text));
    return vm.memory.setU32(outId, id) ? Status.Ok : Status.InvalidMemoryAccess;
  },

  proxy_increment_metric: (vm, id: number, offset: bigint) => {
    if ((id & 3) >= HISTOGRAM) return Status.BadArgument;
    const metric = vm.metricIds.get(id);
    if (!metric) return Status.NotFound;
    if (metric.type === "counter" && offset <= 0n) return Status.BadArgument;
    metric.add(offset);
    return Status.Ok;
  },

  proxy_record_metric: (vm, id: number, value: bigint) => {
    const metric = vm.metricIds.get(id);
    if (!metric) return Status.NotFound;
    if (metric.type === "histogram") metric.samples.push(BigInt.asUintN(64, value));
    else if (metric.type === "gauge") metric.set(value);
    // A counter adds what is recorded.
    else metric.add(value);
    return Status.Ok;
  },

  proxy_get_metric: (vm, id: number, out: number) => {
    if ((id & 3) >= HISTOGRAM) return Status.BadArgument;
    const metric = vm.metricIds.get(id);
    if (!metric) return Status.NotFound;
    return vm.memory.setU64(out, metric.value) ? Status.Ok : Status.InvalidMemoryAccess;
  },
} satisfies Record<string, HostFunction>;
