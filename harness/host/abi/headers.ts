import { Status } from "../status.ts";
import type { HeaderMap } from "../stream/header-map.ts";
import type { HostFunction } from "../vm/link.ts";
import { encodePairs } from "../vm/memory.ts";
import type { Vm } from "../vm/vm.ts";
import { caller } from "./caller.ts";

const LAST_MAP = 7;

/** Edits a map of the caller, if it has that map now. */
function edit(vm: Vm, type: number, change: (map: HeaderMap) => void): Status {
  if (type >>> 0 > LAST_MAP) return Status.BadArgument;
  const context = caller(vm);
  const map = context.editMap(type);
  if (!map) return Status.BadArgument;
  change(map);
  context.headersEdited(type);
  return Status.Ok;
}

export const headers = {
  proxy_get_header_map_size: (vm, type: number, out: number) => {
    if (type >>> 0 > LAST_MAP) return Status.BadArgument;
    const map = caller(vm).editMap(type);
    if (!map) return Status.BadArgument;
    return vm.memory.setU32(out, map.byteSize) ? Status.Ok : Status.InvalidMemoryAccess;
  },

  proxy_get_header_map_pairs: (vm, type: number, out: number, outLength: number) => {
    if (type >>> 0 > LAST_MAP) return Status.BadArgument;
    const map = caller(vm).readMap(type);
    if (!map || map.size === 0) return vm.give("", out, outLength);
    return vm.give(encodePairs(map.pairs()), out, outLength);
  },

  proxy_set_header_map_pairs: (vm, type: number, at: number, length: number) => {
    if (type >>> 0 > LAST_MAP) return Status.BadArgument;
    const pairs = vm.takePairs(at, length);
    if (!pairs) return Status.InvalidMemoryAccess;
    return edit(vm, type, (map) => {
      map.clear();
      for (const [name, value] of pairs) map.add(name, value);
    });
  },

  proxy_get_header_map_value: (vm, type: number, key: number, keyLength: number, out: number, outLength: number) => {
    if (type >>> 0 > LAST_MAP) return Status.BadArgument;
    const name = vm.take(key, keyLength);
    if (name === undefined) return Status.InvalidMemoryAccess;
    const context = caller(vm);
    const map = context.readMap(type);
    // In the log callback a map that never was is empty, elsewhere it is not available.
    if (!map) return context.logging ? Status.NotFound : Status.BadArgument;
    const value = map.get(name);
    return value === undefined ? Status.NotFound : vm.give(value, out, outLength);
  },

  proxy_add_header_map_value: (vm, type: number, key: number, keyLength: number, value: number, valueLength: number) => {
    const name = vm.take(key, keyLength);
    const text = vm.take(value, valueLength);
    if (name === undefined || text === undefined) return Status.InvalidMemoryAccess;
    return edit(vm, type, (map) => map.add(name, text));
  },

  proxy_replace_header_map_value: (vm, type: number, key: number, keyLength: number, value: number, valueLength: number) => {
    const name = vm.take(key, keyLength);
    const text = vm.take(value, valueLength);
    if (name === undefined || text === undefined) return Status.InvalidMemoryAccess;
    return edit(vm, type, (map) => map.replace(name, text));
  },

  proxy_remove_header_map_value: (vm, type: number, key: number, keyLength: number) => {
    const name = vm.take(key, keyLength);
    if (name === undefined) return Status.InvalidMemoryAccess;
    return edit(vm, type, (map) => map.remove(name));
  },
} satisfies Record<string, HostFunction>;
