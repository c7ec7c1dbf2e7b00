import { levels } from "../logs.ts";
import { Status } from "../status.ts";
import type { HostFunction } from "../vm/link.ts";
import { caller, logSource } from "./caller.ts";

/** Logs, clock, timer, contexts, foreign functions. */
export const system = {
  proxy_log: (vm, level: number, at: number, length: number) => {
    const name = levels[level >>> 0];
    if (name === undefined) return Status.BadArgument;
    const message = vm.take(at, length);
    if (message === undefined) return Status.InvalidMemoryAccess;
    vm.host.logs.wasm(name, logSource(vm), message, vm.thread);
    return Status.Ok;
  },

  proxy_get_log_level: (vm, out: number) => (vm.memory.setU32(out, vm.host.logs.level) ? Status.Ok : Status.InvalidMemoryAccess),

  proxy_get_current_time_nanoseconds: (vm, out: number) =>
    vm.memory.setU64(out, vm.host.clock.wall) ? Status.Ok : Status.InvalidMemoryAccess,

  proxy_set_tick_period_milliseconds: (vm, period: number) => {
    caller(vm).root.setTickPeriod(period >>> 0);
    return Status.Ok;
  },

  proxy_done: (vm) => (caller(vm).root.done() ? Status.Ok : Status.NotFound),

  proxy_set_effective_context: (vm, id: number) => {
    // 0 is the VM's own context: calls go back to the current one. A wrong id changes nothing.
    if (id !== 0 && !vm.contexts.has(id >>> 0)) return Status.BadArgument;
    vm.host.state.effective = id >>> 0;
    return Status.Ok;
  },

  proxy_call_foreign_function: (
    vm,
    name: number,
    nameLength: number,
    argument: number,
    argumentLength: number,
    out: number,
    outLength: number,
  ) => {
    const called = vm.take(name, nameLength);
    const bytes = vm.takeBytes(argument, argumentLength);
    if (called === undefined || bytes === undefined) return Status.InvalidMemoryAccess;
    const answer = vm.host.foreign.call(called, caller(vm), bytes);
    if (answer === undefined) return Status.NotFound;
    const { status, result } = answer;
    if (result !== undefined && result.length > 0) {
      const given = vm.give(result, out, outLength);
      return given === Status.Ok ? status : given;
    }
    // Unlike other calls this one writes 0 also when it failed, if the module gave an address.
    if (out !== 0) vm.memory.setU32(out, 0);
    if (outLength !== 0) vm.memory.setU32(outLength, 0);
    return status;
  },
} satisfies Record<string, HostFunction>;
