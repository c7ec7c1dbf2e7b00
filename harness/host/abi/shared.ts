import { Status } from "../status.ts";
import type { HostFunction } from "../vm/link.ts";
import { caller } from "./caller.ts";

/** Shared data and queues. */
export const shared = {
  proxy_get_shared_data: (vm, key: number, keyLength: number, out: number, outLength: number, outCas: number) => {
    const name = vm.take(key, keyLength);
    if (name === undefined) return Status.InvalidMemoryAccess;
    const found = vm.host.data.get(vm.spec.vmId, name);
    if (!found) return Status.NotFound;
    const given = vm.give(found.value, out, outLength);
    if (given !== Status.Ok) return given;
    return vm.memory.setU32(outCas, found.cas) ? Status.Ok : Status.InvalidMemoryAccess;
  },

  proxy_set_shared_data: (vm, key: number, keyLength: number, value: number, valueLength: number, cas: number) => {
    const name = vm.take(key, keyLength);
    const bytes = vm.takeBytes(value, valueLength);
    if (name === undefined || bytes === undefined) return Status.InvalidMemoryAccess;
    return vm.host.data.set(vm.spec.vmId, name, bytes, cas >>> 0) ? Status.Ok : Status.CasMismatch;
  },

  proxy_register_shared_queue: (vm, name: number, nameLength: number, outId: number) => {
    const text = vm.take(name, nameLength);
    if (text === undefined) return Status.InvalidMemoryAccess;
    const { root } = caller(vm);
    const id = vm.host.queues.register(vm.spec.vmId, text, (queue) => vm.host.loop.post(() => root.queueReady(queue)));
    return vm.memory.setU32(outId, id) ? Status.Ok : Status.InvalidMemoryAccess;
  },

  proxy_resolve_shared_queue: (vm, vmId: number, vmIdLength: number, name: number, nameLength: number, outId: number) => {
    const owner = vm.take(vmId, vmIdLength);
    const text = vm.take(name, nameLength);
    if (owner === undefined || text === undefined) return Status.InvalidMemoryAccess;
    const id = vm.host.queues.resolve(owner === "" ? vm.spec.vmId : owner, text);
    if (id === undefined) return Status.NotFound;
    return vm.memory.setU32(outId, id) ? Status.Ok : Status.InvalidMemoryAccess;
  },

  proxy_enqueue_shared_queue: (vm, id: number, value: number, valueLength: number) => {
    const bytes = vm.takeBytes(value, valueLength);
    if (bytes === undefined) return Status.InvalidMemoryAccess;
    return vm.host.queues.enqueue(id >>> 0, bytes) ? Status.Ok : Status.NotFound;
  },

  proxy_dequeue_shared_queue: (vm, id: number, out: number, outLength: number) => {
    const item = vm.host.queues.dequeue(id >>> 0);
    if (item === undefined) return Status.NotFound;
    return item === null ? Status.Empty : vm.give(item, out, outLength);
  },
} satisfies Record<string, HostFunction>;
