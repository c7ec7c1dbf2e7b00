// @ts-nocheck asc compiles this; an editor knows no decorators up here, and none of the names that only asc gives.
/**
 * The host functions of proxy-wasm ABI 0.2.1 that HTTP filters use, and the three WASI functions. Nothing else in
 * the SDK declares an import; filters never call these, because used at the wrong time several of them crash Envoy.
 *
 * All return a `Status` (`abi/enums.ts`); on any but Ok the out pointers are left as they were.
 * Source: proxy-wasm/spec abi-versions/v0.2.1; signatures as Envoy 1.40 checks them at load.
 */

@external("env", "proxy_log")
export declare function proxy_log(level: u32, message: usize, size: i32): u32;


@external("env", "proxy_get_log_level")
export declare function proxy_get_log_level(out: usize): u32;


@external("env", "proxy_get_current_time_nanoseconds")
export declare function proxy_get_current_time_nanoseconds(out: usize): u32;


@external("env", "proxy_set_tick_period_milliseconds")
export declare function proxy_set_tick_period_milliseconds(period: u32): u32;


@external("env", "proxy_done")
export declare function proxy_done(): u32;


@external("env", "proxy_set_effective_context")
export declare function proxy_set_effective_context(id: u32): u32;


@external("env", "proxy_get_buffer_bytes")
export declare function proxy_get_buffer_bytes(type: u32, start: u32, max: u32, outPtr: usize, outLen: usize): u32;


@external("env", "proxy_set_buffer_bytes")
export declare function proxy_set_buffer_bytes(type: u32, start: u32, size: u32, ptr: usize, len: i32): u32;


@external("env", "proxy_get_header_map_pairs")
export declare function proxy_get_header_map_pairs(type: u32, outPtr: usize, outLen: usize): u32;


@external("env", "proxy_get_header_map_value")
export declare function proxy_get_header_map_value(type: u32, key: usize, keyLen: i32, valuePtr: usize, valueLen: usize): u32;


@external("env", "proxy_add_header_map_value")
export declare function proxy_add_header_map_value(type: u32, key: usize, keyLen: i32, value: usize, valueLen: i32): u32;


@external("env", "proxy_replace_header_map_value")
export declare function proxy_replace_header_map_value(type: u32, key: usize, keyLen: i32, value: usize, valueLen: i32): u32;


@external("env", "proxy_remove_header_map_value")
export declare function proxy_remove_header_map_value(type: u32, key: usize, keyLen: i32): u32;


@external("env", "proxy_continue_stream")
export declare function proxy_continue_stream(type: u32): u32;


@external("env", "proxy_close_stream")
export declare function proxy_close_stream(type: u32): u32;


@external("env", "proxy_send_local_response")
export declare function proxy_send_local_response(
  code: u32,
  details: usize,
  detailsLen: i32,
  body: usize,
  bodyLen: i32,
  headers: usize,
  headersLen: i32,
  grpcStatus: i32,
): u32;


@external("env", "proxy_http_call")
export declare function proxy_http_call(
  upstream: usize,
  upstreamLen: i32,
  headers: usize,
  headersLen: i32,
  body: usize,
  bodyLen: i32,
  trailers: usize,
  trailersLen: i32,
  timeout: u32,
  outToken: usize,
): u32;


@external("env", "proxy_grpc_call")
export declare function proxy_grpc_call(
  target: usize,
  targetLen: i32,
  service: usize,
  serviceLen: i32,
  method: usize,
  methodLen: i32,
  metadata: usize,
  metadataLen: i32,
  message: usize,
  messageLen: i32,
  timeout: u32,
  outToken: usize,
): u32;


@external("env", "proxy_grpc_stream")
export declare function proxy_grpc_stream(
  target: usize,
  targetLen: i32,
  service: usize,
  serviceLen: i32,
  method: usize,
  methodLen: i32,
  metadata: usize,
  metadataLen: i32,
  outToken: usize,
): u32;


@external("env", "proxy_grpc_send")
export declare function proxy_grpc_send(token: u32, message: usize, messageLen: i32, endOfStream: u32): u32;


@external("env", "proxy_grpc_cancel")
export declare function proxy_grpc_cancel(token: u32): u32;


@external("env", "proxy_grpc_close")
export declare function proxy_grpc_close(token: u32): u32;


@external("env", "proxy_get_status")
export declare function proxy_get_status(outCode: usize, outPtr: usize, outLen: usize): u32;


@external("env", "proxy_get_shared_data")
export declare function proxy_get_shared_data(key: usize, keyLen: i32, outPtr: usize, outLen: usize, outCas: usize): u32;


@external("env", "proxy_set_shared_data")
export declare function proxy_set_shared_data(key: usize, keyLen: i32, value: usize, valueLen: i32, cas: u32): u32;


@external("env", "proxy_register_shared_queue")
export declare function proxy_register_shared_queue(name: usize, nameLen: i32, outId: usize): u32;


@external("env", "proxy_resolve_shared_queue")
export declare function proxy_resolve_shared_queue(vmId: usize, vmIdLen: i32, name: usize, nameLen: i32, outId: usize): u32;


@external("env", "proxy_enqueue_shared_queue")
export declare function proxy_enqueue_shared_queue(id: u32, value: usize, valueLen: i32): u32;


@external("env", "proxy_dequeue_shared_queue")
export declare function proxy_dequeue_shared_queue(id: u32, outPtr: usize, outLen: usize): u32;


@external("env", "proxy_call_foreign_function")
export declare function proxy_call_foreign_function(
  name: usize,
  nameLen: i32,
  argument: usize,
  argumentLen: i32,
  outPtr: usize,
  outLen: usize,
): u32;


@external("env", "proxy_define_metric")
export declare function proxy_define_metric(type: u32, name: usize, nameLen: i32, outId: usize): u32;


@external("env", "proxy_increment_metric")
export declare function proxy_increment_metric(id: u32, offset: i64): u32;


@external("env", "proxy_record_metric")
export declare function proxy_record_metric(id: u32, value: u64): u32;


@external("env", "proxy_get_metric")
export declare function proxy_get_metric(id: u32, out: usize): u32;


@external("env", "proxy_get_property")
export declare function proxy_get_property(path: usize, pathLen: i32, outPtr: usize, outLen: usize): u32;


@external("env", "proxy_set_property")
export declare function proxy_set_property(path: usize, pathLen: i32, value: usize, valueLen: i32): u32;


@external("wasi_snapshot_preview1", "clock_time_get")
export declare function clock_time_get(id: u32, precision: u64, out: usize): u32;


@external("wasi_snapshot_preview1", "random_get")
export declare function random_get(ptr: usize, len: i32): u32;


@external("wasi_snapshot_preview1", "environ_sizes_get")
export declare function environ_sizes_get(outCount: usize, outSize: usize): u32;


@external("wasi_snapshot_preview1", "environ_get")
export declare function environ_get(pointers: usize, buffer: usize): u32;
