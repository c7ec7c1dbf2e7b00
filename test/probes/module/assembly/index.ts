/**
 * A proxy-wasm module that does what the script in its plugin configuration says, and logs what the host answered. It guards nothing: what
 * is to be found out is what the host does. Nothing is ever freed.
 */
import { allocate } from "./allocator";
import { configure, open, run } from "./interpreter";

export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  unreachable();
}

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_memory_allocate(size: usize): usize {
  return allocate(size);
}

export function proxy_on_context_create(id: u32, parent: u32): void {
  open(id, parent);
  run("create", id, ` parent=${parent}`, 0);
}

export function proxy_on_vm_start(id: u32, size: i32): u32 {
  return run("start", id, ` vm config=${size}`, 1);
}

export function proxy_on_configure(id: u32, size: i32): u32 {
  configure(id, size);
  return run("configure", id, "", 1);
}

export function proxy_on_tick(id: u32): void {
  run("tick", id, "", 0);
}

export function proxy_on_new_connection(id: u32): u32 {
  return run("conn", id, "", 0);
}

export function proxy_on_downstream_data(id: u32, size: i32, end: u32): u32 {
  return run("down", id, ` n=${size} eos=${end}`, 0);
}

export function proxy_on_upstream_data(id: u32, size: i32, end: u32): u32 {
  return run("up", id, ` n=${size} eos=${end}`, 0);
}

export function proxy_on_downstream_connection_close(id: u32, type: u32): void {
  run("downclose", id, ` type=${type}`, 0);
}

export function proxy_on_upstream_connection_close(id: u32, type: u32): void {
  run("upclose", id, ` type=${type}`, 0);
}

export function proxy_on_request_headers(id: u32, count: i32, end: u32): u32 {
  return run("rh", id, ` n=${count} eos=${end}`, 0);
}

export function proxy_on_request_body(id: u32, size: i32, end: u32): u32 {
  return run("rb", id, ` n=${size} eos=${end}`, 0);
}

export function proxy_on_request_trailers(id: u32, count: i32): u32 {
  return run("rt", id, ` n=${count}`, 0);
}

export function proxy_on_response_headers(id: u32, count: i32, end: u32): u32 {
  return run("sh", id, ` n=${count} eos=${end}`, 0);
}

export function proxy_on_response_body(id: u32, size: i32, end: u32): u32 {
  return run("sb", id, ` n=${size} eos=${end}`, 0);
}

export function proxy_on_response_trailers(id: u32, count: i32): u32 {
  return run("st", id, ` n=${count}`, 0);
}

export function proxy_on_http_call_response(id: u32, token: u32, headers: i32, body: i32, trailers: i32): void {
  run("callout", id, ` token=${token} headers=${headers} body=${body} trailers=${trailers}`, 0);
}

export function proxy_on_grpc_receive_initial_metadata(id: u32, token: u32, count: i32): void {
  run("ginit", id, ` token=${token} n=${count}`, 0);
}

export function proxy_on_grpc_receive(id: u32, token: u32, size: i32): void {
  run("gmsg", id, ` token=${token} n=${size}`, 0);
}

export function proxy_on_grpc_receive_trailing_metadata(id: u32, token: u32, count: i32): void {
  run("gtrail", id, ` token=${token} n=${count}`, 0);
}

export function proxy_on_grpc_close(id: u32, token: u32, status: u32): void {
  run("gclose", id, ` token=${token} status=${status}`, 0);
}

export function proxy_on_queue_ready(id: u32, queue: u32): void {
  run("queue", id, ` queue=${queue}`, 0);
}

export function proxy_on_foreign_function(id: u32, which: u32, size: u32): void {
  run("foreign", id, ` function=${which} size=${size}`, 0);
}

export function proxy_on_log(id: u32): void {
  run("log", id, "", 0);
}

export function proxy_on_done(id: u32): u32 {
  return run("done", id, "", 1);
}

export function proxy_on_delete(id: u32): void {
  run("delete", id, "", 0);
}
