import { notInHost } from "../failure.ts";
import type { HostFunction } from "../vm/link.ts";

/** In Envoy these work; here a module that gets as far as calling one must not go on with a wrong answer. */
const not = (name: string, arity: number): HostFunction =>
  // The arity is what the module's import has.
  Object.defineProperty(
    () => {
      throw notInHost(`${name}: gRPC calls are not in the in-process host yet`);
    },
    "length",
    { value: arity + 1 },
  ) as HostFunction;

export const later: Record<string, HostFunction> = {
  proxy_grpc_call: not("proxy_grpc_call", 12),
  proxy_grpc_stream: not("proxy_grpc_stream", 9),
  proxy_grpc_send: not("proxy_grpc_send", 4),
  proxy_grpc_cancel: not("proxy_grpc_cancel", 1),
  proxy_grpc_close: not("proxy_grpc_close", 1),
};
