import {
  args_get,
  args_sizes_get,
  clock_time_get,
  environ_get,
  environ_sizes_get,
  fd_write,
  proc_exit,
  proxy_add_header_map_value,
  proxy_call_foreign_function,
  proxy_close_stream,
  proxy_continue_stream,
  proxy_define_metric,
  proxy_dequeue_shared_queue,
  proxy_done,
  proxy_enqueue_shared_queue,
  proxy_get_buffer_bytes,
  proxy_get_buffer_status,
  proxy_get_current_time_nanoseconds,
  proxy_get_header_map_pairs,
  proxy_get_header_map_size,
  proxy_get_header_map_value,
  proxy_get_log_level,
  proxy_get_metric,
  proxy_get_property,
  proxy_get_shared_data,
  proxy_get_status,
  proxy_grpc_call,
  proxy_grpc_cancel,
  proxy_grpc_close,
  proxy_grpc_send,
  proxy_grpc_stream,
  proxy_http_call,
  proxy_increment_metric,
  proxy_log,
  proxy_record_metric,
  proxy_register_shared_queue,
  proxy_remove_header_map_value,
  proxy_replace_header_map_value,
  proxy_resolve_shared_queue,
  proxy_send_local_response,
  proxy_set_buffer_bytes,
  proxy_set_effective_context,
  proxy_set_header_map_pairs,
  proxy_set_property,
  proxy_set_shared_data,
  proxy_set_tick_period_milliseconds,
  random_get,
} from "./imports";
import { Args, Outs } from "./values";

/** Calls a host function by its name without `proxy_`; the arguments of a script are those of the ABI without the out pointers. */
export function call(name: string, a: Args, out: Outs): i32 {
  if (name == "log") return proxy_log(a.int(0), a.at(1), a.len(1));
  if (name == "get_log_level") return (word(out), proxy_get_log_level(out.word()));
  if (name == "get_current_time_nanoseconds") return (long(out), proxy_get_current_time_nanoseconds(out.word()));
  if (name == "set_tick_period_milliseconds") return proxy_set_tick_period_milliseconds(a.int(0));
  if (name == "done") return proxy_done();
  if (name == "set_effective_context") return proxy_set_effective_context(a.int(0));
  if (name == "continue_stream") return proxy_continue_stream(a.int(0));
  if (name == "close_stream") return proxy_close_stream(a.int(0));
  if (name == "get_status") return (both(out, "wb"), proxy_get_status(out.word(), out.pointer(), out.length()));
  if (name == "send_local_response") {
    return proxy_send_local_response(a.int(0), a.at(1), a.len(1), a.at(2), a.len(2), a.at(3), a.len(3), a.int(4));
  }
  if (name == "http_call") {
    word(out);
    return proxy_http_call(a.at(0), a.len(0), a.at(1), a.len(1), a.at(2), a.len(2), a.at(3), a.len(3), a.int(4), out.word());
  }
  if (name == "call_foreign_function") {
    return (bytes(out), proxy_call_foreign_function(a.at(0), a.len(0), a.at(1), a.len(1), out.pointer(), out.length()));
  }
  if (name.startsWith("grpc_")) return grpc(name, a, out);
  if (name.includes("buffer")) return buffers(name, a, out);
  if (name.includes("header_map")) return headers(name, a, out);
  if (name.includes("shared")) return shared(name, a, out);
  if (name.includes("metric")) return metrics(name, a, out);
  if (name == "get_property") return (bytes(out), proxy_get_property(a.at(0), a.len(0), out.pointer(), out.length()));
  if (name == "set_property") return proxy_set_property(a.at(0), a.len(0), a.at(1), a.len(1));
  return wasi(name, a, out);
}

function buffers(name: string, a: Args, out: Outs): i32 {
  if (name == "get_buffer_bytes") {
    return (bytes(out), proxy_get_buffer_bytes(a.int(0), a.int(1), a.int(2), out.pointer(), out.length()));
  }
  if (name == "get_buffer_status") return (both(out, "ww"), proxy_get_buffer_status(a.int(0), out.word(), out.second()));
  if (name == "set_buffer_bytes") return proxy_set_buffer_bytes(a.int(0), a.int(1), a.int(2), a.at(3), a.len(3));
  return unknown(name);
}

/** service as a serialized GrpcService, service name, method name, initial metadata; then the message and the timeout of a call. */
function grpc(name: string, a: Args, out: Outs): i32 {
  if (name == "grpc_call") {
    word(out);
    return proxy_grpc_call(
      a.at(0),
      a.len(0),
      a.at(1),
      a.len(1),
      a.at(2),
      a.len(2),
      a.at(3),
      a.len(3),
      a.at(4),
      a.len(4),
      a.int(5),
      out.word(),
    );
  }
  if (name == "grpc_stream") {
    word(out);
    return proxy_grpc_stream(a.at(0), a.len(0), a.at(1), a.len(1), a.at(2), a.len(2), a.at(3), a.len(3), out.word());
  }
  if (name == "grpc_send") return proxy_grpc_send(a.int(0), a.at(1), a.len(1), a.int(2));
  if (name == "grpc_cancel") return proxy_grpc_cancel(a.int(0));
  if (name == "grpc_close") return proxy_grpc_close(a.int(0));
  return unknown(name);
}

function headers(name: string, a: Args, out: Outs): i32 {
  const map = a.int(0);
  if (name == "get_header_map_size") return (word(out), proxy_get_header_map_size(map, out.word()));
  if (name == "get_header_map_pairs") return (bytes(out), proxy_get_header_map_pairs(map, out.pointer(), out.length()));
  if (name == "set_header_map_pairs") return proxy_set_header_map_pairs(map, a.at(1), a.len(1));
  if (name == "get_header_map_value") return (bytes(out), proxy_get_header_map_value(map, a.at(1), a.len(1), out.pointer(), out.length()));
  if (name == "add_header_map_value") return proxy_add_header_map_value(map, a.at(1), a.len(1), a.at(2), a.len(2));
  if (name == "replace_header_map_value") return proxy_replace_header_map_value(map, a.at(1), a.len(1), a.at(2), a.len(2));
  if (name == "remove_header_map_value") return proxy_remove_header_map_value(map, a.at(1), a.len(1));
  return unknown(name);
}

function shared(name: string, a: Args, out: Outs): i32 {
  if (name == "get_shared_data") {
    both(out, "bw");
    return proxy_get_shared_data(a.at(0), a.len(0), out.pointer(), out.length(), out.word());
  }
  if (name == "set_shared_data") return proxy_set_shared_data(a.at(0), a.len(0), a.at(1), a.len(1), a.int(2));
  if (name == "register_shared_queue") return (word(out), proxy_register_shared_queue(a.at(0), a.len(0), out.word()));
  if (name == "resolve_shared_queue") {
    return (word(out), proxy_resolve_shared_queue(a.at(0), a.len(0), a.at(1), a.len(1), out.word()));
  }
  if (name == "enqueue_shared_queue") return proxy_enqueue_shared_queue(a.int(0), a.at(1), a.len(1));
  if (name == "dequeue_shared_queue") return (bytes(out), proxy_dequeue_shared_queue(a.int(0), out.pointer(), out.length()));
  return unknown(name);
}

function metrics(name: string, a: Args, out: Outs): i32 {
  if (name == "define_metric") return (word(out), proxy_define_metric(a.int(0), a.at(1), a.len(1), out.word()));
  if (name == "get_metric") return (long(out), proxy_get_metric(a.int(0), out.word()));
  if (name == "record_metric") return proxy_record_metric(a.int(0), a.long(1));
  if (name == "increment_metric") return proxy_increment_metric(a.int(0), a.long(1));
  return unknown(name);
}

function wasi(name: string, a: Args, out: Outs): i32 {
  if (name == "clock_time_get") return (long(out), clock_time_get(a.int(0), 0, out.word()));
  if (name == "environ_sizes_get") return (both(out, "ww"), environ_sizes_get(out.word(), out.second()));
  if (name == "args_sizes_get") return (both(out, "ww"), args_sizes_get(out.word(), out.second()));
  if (name == "environ_get") {
    environ_sizes_get(out.word(), out.second());
    const count = load<i32>(out.word());
    const size = load<i32>(out.second());
    const pointers = heap.alloc(count * 4 + 4);
    const block = heap.alloc(size + 1);
    const status = environ_get(pointers as i32, block as i32);
    return result(out, status, block, size);
  }
  if (name == "args_get") return args_get(heap.alloc(64) as i32, heap.alloc(64) as i32);
  if (name == "random_get") {
    const size = a.int(0);
    const block = size < 0 || size > 1 << 20 ? -256 : (heap.alloc(size) as i32);
    const status = random_get(block, size);
    return result(out, status, block as usize, size);
  }
  if (name == "fd_write") {
    // One vector: { pointer, length }.
    const vector = heap.alloc(8);
    store<i32>(vector, a.at(1));
    store<i32>(vector, a.len(1), 4);
    return (word(out), fd_write(a.int(0), vector as i32, 1, out.word()));
  }
  if (name == "proc_exit") {
    proc_exit(a.int(0));
    return 0;
  }
  return unknown(name);
}

/** Shows a block that the host filled. */
function result(out: Outs, status: i32, block: usize, size: i32): i32 {
  bytes(out);
  if (status == 0) {
    store<u32>(out.pointer(), block as u32);
    store<i32>(out.length(), size);
  }
  return status;
}

function bytes(out: Outs): void {
  out.kinds = "b";
}
function word(out: Outs): void {
  out.kinds = "w";
}
function long(out: Outs): void {
  out.kinds = "l";
}
function both(out: Outs, kinds: string): void {
  out.kinds = kinds;
}

function unknown(name: string): i32 {
  assert(false, name);
  return -1;
}
