import { readGrpcService } from "../router/grpc-service.ts";
import { type GrpcRequest, GrpcStream } from "../router/grpc-stream.ts";
import { Status } from "../status.ts";
import type { HostFunction } from "../vm/link.ts";
import type { Vm } from "../vm/vm.ts";
import { caller } from "./caller.ts";

/** A request, and the name of its cluster; or the status with which it is refused. */
function requestOf(
  vm: Vm,
  [service, serviceLength]: [number, number],
  [name, nameLength]: [number, number],
  [method, methodLength]: [number, number],
  [metadata, metadataLength]: [number, number],
): { request: GrpcRequest; cluster: string } | Status {
  const target = vm.takeBytes(service, serviceLength);
  const serviceName = vm.take(name, nameLength);
  const methodName = vm.take(method, methodLength);
  const pairs = vm.takePairs(metadata, metadataLength);
  if (target === undefined || serviceName === undefined || methodName === undefined || pairs === undefined) {
    return Status.InvalidMemoryAccess;
  }
  const read = readGrpcService(target);
  if (typeof read === "string" && vm.host.callouts.cluster(read) === undefined) return Status.ParseFailure;
  const { cluster, authority = cluster } = typeof read === "string" ? { cluster: read } : read;
  return { request: { authority, service: serviceName, method: methodName, metadata: pairs }, cluster };
}

export const grpc = {
  proxy_grpc_call: (
    vm,
    service: number,
    serviceLength: number,
    name: number,
    nameLength: number,
    method: number,
    methodLength: number,
    metadata: number,
    metadataLength: number,
    message: number,
    messageLength: number,
    timeout: number,
    outToken: number,
  ) => {
    const bytes = vm.takeBytes(message, messageLength);
    if (bytes === undefined) return Status.InvalidMemoryAccess;
    const asked = requestOf(vm, [service, serviceLength], [name, nameLength], [method, methodLength], [metadata, metadataLength]);
    if (typeof asked === "number") return asked;
    const { clock, loop, callouts } = vm.host;
    const token = caller(vm).root.grpc.call(
      (callbacks) => new GrpcStream(clock, loop, { ...asked.request, timeoutMs: timeout >>> 0 }, callbacks, vm),
      (stream) => {
        stream.start(callouts.cluster(asked.cluster));
        stream.send(bytes, true);
      },
    );
    if (token === undefined) return Status.InternalFailure;
    return vm.memory.setU32(outToken, token) ? Status.Ok : Status.InvalidMemoryAccess;
  },

  proxy_grpc_stream: (
    vm,
    service: number,
    serviceLength: number,
    name: number,
    nameLength: number,
    method: number,
    methodLength: number,
    metadata: number,
    metadataLength: number,
    outToken: number,
  ) => {
    const asked = requestOf(vm, [service, serviceLength], [name, nameLength], [method, methodLength], [metadata, metadataLength]);
    if (typeof asked === "number") return asked;
    const { clock, loop, callouts } = vm.host;
    const token = caller(vm).root.grpc.stream(
      (callbacks) => new GrpcStream(clock, loop, asked.request, callbacks, vm),
      (stream) => stream.start(callouts.cluster(asked.cluster)),
    );
    if (token === undefined) return Status.InternalFailure;
    return vm.memory.setU32(outToken, token) ? Status.Ok : Status.InvalidMemoryAccess;
  },

  proxy_grpc_send: (vm, token: number, message: number, messageLength: number, end: number) => {
    const bytes = vm.takeBytes(message, messageLength);
    return bytes === undefined ? Status.InvalidMemoryAccess : caller(vm).root.grpc.send(token, bytes, end !== 0);
  },

  proxy_grpc_cancel: (vm, token: number) => caller(vm).root.grpc.cancel(token),

  proxy_grpc_close: (vm, token: number) => caller(vm).root.grpc.closeLocal(token),
} satisfies Record<string, HostFunction>;
