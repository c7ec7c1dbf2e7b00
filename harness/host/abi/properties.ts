import { encodeProperty, findProperty, group } from "../properties/value.ts";
import { Status } from "../status.ts";
import type { HostFunction } from "../vm/link.ts";
import { caller } from "./caller.ts";

export const properties = {
  proxy_get_property: (vm, path: number, pathLength: number, out: number, outLength: number) => {
    const text = vm.take(path, pathLength);
    if (text === undefined) return Status.InvalidMemoryAccess;
    const value = text === "" ? group(() => undefined) : findProperty(caller(vm).properties, text);
    if (value === undefined) return Status.NotFound;
    const bytes = encodeProperty(value);
    return bytes === undefined ? Status.SerializationFailure : vm.give(bytes, out, outLength);
  },

  proxy_set_property: (vm, path: number, pathLength: number, value: number, valueLength: number) => {
    const text = vm.take(path, pathLength);
    const bytes = vm.takeBytes(value, valueLength);
    if (text === undefined || bytes === undefined) return Status.InvalidMemoryAccess;
    return caller(vm).setProperty(text, bytes) ? Status.Ok : Status.NotFound;
  },
} satisfies Record<string, HostFunction>;
