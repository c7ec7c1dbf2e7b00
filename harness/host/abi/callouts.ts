import { Status } from "../status.ts";
import type { HostFunction } from "../vm/link.ts";
import { caller } from "./caller.ts";

export const callouts = {
  proxy_http_call: (
    vm,
    cluster: number,
    clusterLength: number,
    headers: number,
    headersLength: number,
    body: number,
    bodyLength: number,
    trailers: number,
    trailersLength: number,
    timeout: number,
    outToken: number,
  ) => {
    const name = vm.take(cluster, clusterLength);
    const pairs = vm.takePairs(headers, headersLength);
    const bytes = vm.takeBytes(body, bodyLength);
    const trailing = vm.takePairs(trailers, trailersLength);
    if (name === undefined || pairs === undefined || bytes === undefined || trailing === undefined) return Status.InvalidMemoryAccess;
    if (timeout < 0) return Status.BadArgument;
    const request = { cluster: name, headers: pairs, body: bytes, trailers: trailing, timeoutMs: timeout };
    let status: number = Status.Ok;
    const token = caller(vm).root.call((deliver) => {
      const started = vm.host.callouts.send(request, deliver, vm);
      if (typeof started !== "number") return started;
      status = started;
      return undefined;
    });
    if (token === undefined) {
      vm.memory.setU32(outToken, 0);
      return status;
    }
    return vm.memory.setU32(outToken, token) ? Status.Ok : Status.InvalidMemoryAccess;
  },

  proxy_get_status: (vm, outCode: number, outMessage: number, outLength: number) => {
    const { code, message } = caller(vm).root.calloutStatus;
    return vm.memory.setU32(outCode, code) ? vm.give(message, outMessage, outLength) : Status.InvalidMemoryAccess;
  },
} satisfies Record<string, HostFunction>;
