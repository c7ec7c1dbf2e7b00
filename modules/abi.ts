/**
 * Proxy-wasm ABI 0.2.1 as data: what a module may import and export, with the signatures that Envoy checks at load.
 * Source: proxy-wasm/spec abi-versions/v0.2.1 and the host's `exports.h`. `i` is i32, `I` is i64.
 */

/** A function type in the notation of the reports, for example `(i32, i64) -> i32`. */
export type Signature = string;

/** `signature("iI", "i")` is `(i32, i64) -> i32`. */
function signature(params: string, result: "" | "i"): Signature {
  const types = [...params].map((letter) => (letter === "I" ? "i64" : "i32"));
  return `(${types.join(", ")}) -> ${result === "i" ? "i32" : "()"}`;
}

const returnsStatus = (table: Record<string, string>): Record<string, Signature> =>
  Object.fromEntries(Object.entries(table).map(([name, params]) => [name, signature(params, "i")]));

/** Host functions of module `env`. Every one returns a status. */
export const hostFunctions: Readonly<Record<string, Signature>> = returnsStatus({
  proxy_log: "iii",
  proxy_get_log_level: "i",
  proxy_get_current_time_nanoseconds: "i",
  proxy_set_tick_period_milliseconds: "i",
  proxy_done: "",
  proxy_set_effective_context: "i",
  proxy_get_buffer_bytes: "iiiii",
  proxy_get_buffer_status: "iii",
  proxy_set_buffer_bytes: "iiiii",
  proxy_get_header_map_size: "ii",
  proxy_get_header_map_pairs: "iii",
  proxy_set_header_map_pairs: "iii",
  proxy_get_header_map_value: "iiiii",
  proxy_add_header_map_value: "iiiii",
  proxy_replace_header_map_value: "iiiii",
  proxy_remove_header_map_value: "iii",
  proxy_continue_stream: "i",
  proxy_close_stream: "i",
  proxy_get_status: "iii",
  proxy_send_local_response: "iiiiiiii",
  proxy_http_call: "iiiiiiiiii",
  proxy_grpc_call: "iiiiiiiiiiii",
  proxy_grpc_stream: "iiiiiiiii",
  proxy_grpc_send: "iiii",
  proxy_grpc_cancel: "i",
  proxy_grpc_close: "i",
  proxy_get_shared_data: "iiiii",
  proxy_set_shared_data: "iiiii",
  proxy_register_shared_queue: "iii",
  proxy_resolve_shared_queue: "iiiii",
  proxy_enqueue_shared_queue: "iii",
  proxy_dequeue_shared_queue: "iii",
  proxy_define_metric: "iiii",
  proxy_get_metric: "ii",
  proxy_record_metric: "iI",
  proxy_increment_metric: "iI",
  proxy_get_property: "iiii",
  proxy_set_property: "iiii",
  proxy_call_foreign_function: "iiiiii",
});

/** The WASI functions that the ABI promises; Envoy has more, but only as stubs that fail. */
export const wasiFunctions: Readonly<Record<string, Signature>> = {
  ...returnsStatus({
    fd_write: "iiii",
    clock_time_get: "iIi",
    random_get: "ii",
    environ_sizes_get: "ii",
    environ_get: "ii",
    args_sizes_get: "ii",
    args_get: "ii",
  }),
  proc_exit: signature("i", ""),
};

/** Everything that may be imported: module -> name -> signature. */
export const importable: Readonly<Record<string, Readonly<Record<string, Signature>>>> = {
  env: hostFunctions,
  wasi_snapshot_preview1: wasiFunctions,
};

/** The one ABI marker of ours, and those of other versions that Envoy knows. */
export const abiMarker = "proxy_abi_version_0_2_1";
export const otherAbiMarkers: readonly string[] = ["proxy_abi_version_0_1_0", "proxy_abi_version_0_2_0"];

/** Callbacks that return a value to the host, and those that return none. */
const answers = { proxy_on_vm_start: "ii", proxy_on_configure: "ii", proxy_validate_configuration: "ii", proxy_on_new_connection: "i" };
const streamAnswers = {
  proxy_on_downstream_data: "iii",
  proxy_on_upstream_data: "iii",
  proxy_on_request_headers: "iii",
  proxy_on_request_body: "iii",
  proxy_on_request_trailers: "ii",
  proxy_on_request_metadata: "ii",
  proxy_on_response_headers: "iii",
  proxy_on_response_body: "iii",
  proxy_on_response_trailers: "ii",
  proxy_on_response_metadata: "ii",
  proxy_on_done: "i",
};
const notices = {
  proxy_on_tick: "i",
  proxy_on_context_create: "ii",
  proxy_on_downstream_connection_close: "ii",
  proxy_on_upstream_connection_close: "ii",
  proxy_on_http_call_response: "iiiii",
  proxy_on_grpc_receive_initial_metadata: "iii",
  proxy_on_grpc_receive: "iii",
  proxy_on_grpc_receive_trailing_metadata: "iii",
  proxy_on_grpc_close: "iii",
  proxy_on_queue_ready: "ii",
  proxy_on_foreign_function: "iii",
  proxy_on_log: "i",
  proxy_on_delete: "i",
};

/** Functions that the host looks up in a module: name -> signature. */
export const callbackExports: Readonly<Record<string, Signature>> = {
  ...returnsStatus({ ...answers, ...streamAnswers }),
  ...Object.fromEntries(Object.entries(notices).map(([name, params]) => [name, signature(params, "")])),
};

/** Further functions that the host calls. */
export const supportExports: Readonly<Record<string, Signature>> = {
  [abiMarker]: signature("", ""),
  _initialize: signature("", ""),
  proxy_on_memory_allocate: signature("i", "i"),
  malloc: signature("i", "i"),
};
