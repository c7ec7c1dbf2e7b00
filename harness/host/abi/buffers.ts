import { BufferType, type GuestBuffer } from "../context/context.ts";
import { Status } from "../status.ts";
import { Body } from "../stream/body.ts";
import type { HostFunction } from "../vm/link.ts";
import type { Vm } from "../vm/vm.ts";
import { caller } from "./caller.ts";

const LAST_BUFFER = 8;

export const buffers = {
  proxy_get_buffer_bytes: (vm, type: number, start: number, length: number, out: number, outLength: number) => {
    if (type >>> 0 > LAST_BUFFER) return Status.BadArgument;
    const bytes = bytesOf(bufferOf(vm, type));
    if (bytes === undefined) return Status.NotFound;
    const from = start >>> 0;
    const count = length >>> 0;
    return vm.give(bytes.subarray(Math.min(from, bytes.length), Math.min(from + count, bytes.length)), out, outLength);
  },

  proxy_get_buffer_status: (vm, type: number, outLength: number, outFlags: number) => {
    if (type >>> 0 > LAST_BUFFER) return Status.BadArgument;
    const bytes = bytesOf(bufferOf(vm, type));
    if (bytes === undefined) return Status.NotFound;
    return vm.memory.setU32(outLength, bytes.length) && vm.memory.setU32(outFlags, 0) ? Status.Ok : Status.InvalidMemoryAccess;
  },

  proxy_set_buffer_bytes: (vm, type: number, start: number, length: number, at: number, size: number) => {
    if (type >>> 0 > LAST_BUFFER) return Status.BadArgument;
    const buffer = bufferOf(vm, type);
    if (buffer === undefined) return Status.NotFound;
    const bytes = vm.takeBytes(at, size);
    if (bytes === undefined) return Status.InvalidMemoryAccess;
    if (!(buffer instanceof Body)) return Status.BadArgument;
    const from = start >>> 0;
    if (from === 0) {
      buffer.drain(Math.min(length >>> 0, buffer.length));
      buffer.prepend(bytes);
      return Status.Ok;
    }
    if (from < buffer.length) return Status.BadArgument;
    buffer.append(bytes);
    return Status.Ok;
  },
} satisfies Record<string, HostFunction>;

const EMPTY = Buffer.alloc(0);

function bytesOf(buffer: GuestBuffer): Buffer | undefined {
  if (buffer === "absent") return EMPTY;
  return buffer instanceof Body ? buffer.bytes() : buffer;
}

/** Call data is whatever buffer was looked at last: Envoy keeps one for all types. */
function bufferOf(vm: Vm, type: number): GuestBuffer {
  const context = caller(vm);
  if (type === BufferType.CallData) return context.lastBuffer;
  const buffer = context.buffer(type);
  if (buffer !== undefined) context.lastBuffer = buffer;
  return buffer;
}
