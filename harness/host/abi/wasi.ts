import type { HostFunction } from "../vm/link.ts";
import type { Vm } from "../vm/vm.ts";
import { logSource } from "./caller.ts";

const SUCCESS = 0;
const BADF = 8;
const FAULT = 21;
const NOENT = 44;
const NOTSUP = 58;

const MAX_RANDOM = 64 * 1024;

/** What Envoy does; all others answer an errno, which differs by function. */
const implemented: Record<string, HostFunction> = {
  fd_write: (vm, fd: number, vectors: number, count: number, outWritten: number) => {
    if (fd !== 1 && fd !== 2) return BADF;
    let text = "";
    for (let i = 0; i < count >>> 0; i++) {
      const at = vm.memory.u32(vectors + 8 * i);
      const length = vm.memory.u32(vectors + 8 * i + 4);
      const part = at === undefined || length === undefined ? undefined : vm.take(at, length);
      if (part === undefined) return FAULT;
      text += part;
    }
    if (text !== "") {
      const message = text.endsWith("\n") ? text.slice(0, -1) : text;
      vm.host.logs.wasm(fd === 1 ? "info" : "error", logSource(vm), message, vm.thread);
    }
    return vm.memory.setU32(outWritten, text.length) ? SUCCESS : FAULT;
  },

  clock_time_get: (vm, id: number, _precision: bigint, out: number) => {
    if (id !== 0 && id !== 1) return NOTSUP;
    // The monotonic clock counts from some moment before the host was opened, as a machine's does.
    const now = id === 0 ? vm.host.clock.wall : BigInt(vm.host.clock.elapsed) + 1_000_000_000_000n;
    return vm.memory.setU64(out, now) ? SUCCESS : FAULT;
  },

  random_get: (vm, at: number, length: number) => {
    if (length >>> 0 > MAX_RANDOM) return 28;
    const bytes = new Uint8Array(length >>> 0);
    vm.host.random.fill(bytes);
    return vm.memory.write(at, bytes) ? SUCCESS : FAULT;
  },

  environ_sizes_get: (vm, outCount: number, outSize: number) => {
    const entries = environment(vm);
    const size = entries.reduce((sum, entry) => sum + entry.length, 0);
    return vm.memory.setU32(outCount, entries.length) && vm.memory.setU32(outSize, size) ? SUCCESS : FAULT;
  },

  environ_get: (vm, pointers: number, buffer: number) => {
    let at = buffer;
    for (const [i, entry] of environment(vm).entries()) {
      if (!vm.memory.setU32(pointers + 4 * i, at) || !vm.memory.write(at, entry)) return FAULT;
      at += entry.length;
    }
    return SUCCESS;
  },

  args_sizes_get: (vm, outCount: number, outSize: number) =>
    vm.memory.setU32(outCount, 0) && vm.memory.setU32(outSize, 0) ? SUCCESS : FAULT,

  args_get: (_vm, _pointers: number, _buffer: number) => SUCCESS,

  // Envoy logs it and goes on.
  proc_exit: (vm, code: number) => {
    vm.host.logs.envoy("error", "wasm", `proc_exit(${code})`);
    return undefined;
  },

  sched_yield: (_vm) => SUCCESS,
};

/** Envoy's stubs (proxy-wasm-cpp-host, exports.cc). */
const stubs: Record<string, number> = {
  fd_read: 52,
  fd_seek: 58,
  fd_close: 52,
  fd_fdstat_get: 58,
  fd_prestat_get: BADF,
  fd_prestat_dir_name: BADF,
  path_open: NOENT,
  path_filestat_get: NOENT,
};

/** @param name a function of WASI preview 1 */
export function wasi(name: string): HostFunction {
  return implemented[name] ?? (() => stubs[name] ?? NOTSUP);
}

function environment(vm: Vm): Buffer[] {
  return Object.entries(vm.spec.environment)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => Buffer.from(`${name}=${value}\0`));
}
