import { Status } from "../status.ts";
import type { HostFunction } from "../vm/link.ts";
import { caller } from "./caller.ts";

/** What a stream type means. */
const StreamType = { Request: 0, Response: 1, Downstream: 2, Upstream: 3 } as const;

/** Going on, ending, answering. */
export const streams = {
  proxy_continue_stream: (vm, type: number) => {
    const context = caller(vm);
    if (type === StreamType.Request) context.continueRequest();
    else if (type === StreamType.Response) context.continueResponse();
    else if (type === StreamType.Upstream) return Status.Unimplemented;
    else if (type === StreamType.Downstream) context.continueDownstream();
    else return Status.BadArgument;
    return Status.Ok;
  },

  proxy_close_stream: (vm, type: number) => {
    if (type >>> 0 > StreamType.Upstream) return Status.BadArgument;
    if (type === StreamType.Request || type === StreamType.Response) {
      vm.stopNext = true;
      caller(vm).closeStream(type);
    } else caller(vm).closeConnection();
    return Status.Ok;
  },

  proxy_send_local_response: (
    vm,
    status: number,
    details: number,
    detailsLength: number,
    body: number,
    bodyLength: number,
    headers: number,
    headersLength: number,
    grpcStatus: number,
  ) => {
    const reason = vm.take(details, detailsLength);
    const text = vm.take(body, bodyLength);
    const pairs = vm.takePairs(headers, headersLength);
    if (reason === undefined || text === undefined || pairs === undefined) return Status.InvalidMemoryAccess;
    vm.stopNext = true;
    // Envoy puts `_` for what would break its log lines.
    caller(vm).reply({ status, body: text, headers: pairs, grpcStatus, details: reason.replace(/[ \t\n\v\f\r]/g, "_") });
    return Status.Ok;
  },
} satisfies Record<string, HostFunction>;
