import type { CallbackTable } from "./asc/protocol.ts";

/** Where the SDK keeps what the build refers to. */
const SDK = "~lib/proxy-wasm-assemblyscript-sdk/";
export const sdkPaths = {
  prefix: SDK,
  exports: `${SDK}assembly/abi/exports`,
  /** `function abort(message, file, line, column)`: what a failed assertion calls instead of `env.abort`, which Envoy lacks. */
  abort: `${SDK}assembly/abi/abort`,
} as const;

/** Exported by every module: without these Envoy refuses it, or a context would never be made or freed. */
export const alwaysExported: readonly string[] = [
  "proxy_abi_version_0_2_1",
  "proxy_on_memory_allocate",
  "proxy_on_vm_start",
  "proxy_on_configure",
  "proxy_on_context_create",
  "proxy_on_delete",
];

/**
 * A method of the SDK's context classes -> the callback that the host calls. The one place to extend for TCP, gRPC,
 * queues and foreign functions. A callback that nobody overrides is not exported and costs the host nothing.
 */
export const callbackOf: Readonly<Record<string, string>> = {
  onRequestHeaders: "proxy_on_request_headers",
  onRequestBody: "proxy_on_request_body",
  onRequestTrailers: "proxy_on_request_trailers",
  onResponseHeaders: "proxy_on_response_headers",
  onResponseBody: "proxy_on_response_body",
  onResponseTrailers: "proxy_on_response_trailers",
  onNewConnection: "proxy_on_new_connection",
  onDownstreamData: "proxy_on_downstream_data",
  onUpstreamData: "proxy_on_upstream_data",
  onDownstreamClose: "proxy_on_downstream_connection_close",
  onUpstreamClose: "proxy_on_upstream_connection_close",
  onHttpCallResponse: "proxy_on_http_call_response",
  onGrpcCallResponse: "proxy_on_grpc_close",
  onGrpcInitialMetadata: "proxy_on_grpc_receive_initial_metadata",
  onGrpcMessage: "proxy_on_grpc_receive",
  onGrpcTrailingMetadata: "proxy_on_grpc_receive_trailing_metadata",
  onGrpcClose: "proxy_on_grpc_close",
  onTick: "proxy_on_tick",
  onQueueReady: "proxy_on_queue_ready",
  onDone: "proxy_on_done",
  onLog: "proxy_on_log",
  onLogOnly: "proxy_on_log",
};

/**
 * Needs of the SDK itself: a callback that must be exported as soon as the module calls one of these host functions,
 * although no class overrides a method (the answer to a callout lands on the object that asked).
 */
export const neededByImport: Readonly<Record<string, readonly string[]>> = {
  proxy_on_http_call_response: ["proxy_http_call"],
  // A call's answer is a message or a close; a stream's close frees its number.
  proxy_on_grpc_receive: ["proxy_grpc_call"],
  proxy_on_grpc_close: ["proxy_grpc_call", "proxy_grpc_stream"],
};

/** The tables above in the form that the compiler thread takes. */
export function callbackTable(entryFile: string): CallbackTable {
  return {
    sdk: sdkPaths.prefix,
    exportsFile: sdkPaths.exports,
    entryFile,
    always: [...alwaysExported],
    byMethod: { ...callbackOf },
    byImport: Object.fromEntries(Object.entries(neededByImport).map(([name, functions]) => [name, [...functions]])),
  };
}
