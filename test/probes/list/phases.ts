import { type Phase, phases, trailers } from "../phases.ts";
import type { Probe, Topic } from "../types.ts";
import { call as grpcCall, stream as grpcStream } from "./grpc-steps.ts";

const maps = [0, 1, 2, 3, 4, 6, 7, 9];

const readHeaders = maps
  .map((map) => `get_header_map_value ${map} "x-in"\nget_header_map_pairs ${map}\nget_header_map_size ${map}`)
  .join("\n");

const writeHeaders = maps
  .map(
    (map) => `
      add_header_map_value ${map} "x-added" "1"
      replace_header_map_value ${map} "x-replaced" "1"
      remove_header_map_value ${map} "x-none"`,
  )
  .join("\n");

const setPairs = [1, 3, 4, 6, 7, 9].map((map) => `set_header_map_pairs ${map} {"x-set" = "1"}`).join("\n");

const buffers = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
  .map((type) => `get_buffer_bytes ${type} 0 100 ~\nget_buffer_status ${type} ~`)
  .join("\n")
  .replaceAll(/(get_buffer_\w+ [0-6].*) ~/g, "$1");

const writeBuffers = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((type) => `set_buffer_bytes ${type} 0 1 "s"`).join("\n");

const sharedData = `
  get_shared_data "none"
  set_shared_data "key" "value" 0
  set_shared_data "key" "value" 4294967295
  get_shared_data "key" ~`;

const sharedQueues = `
  register_shared_queue "a queue" > q
  resolve_shared_queue "no vm" "a queue"
  resolve_shared_queue "" "nothing"
  enqueue_shared_queue 4000000 "item"
  dequeue_shared_queue $q
  dequeue_shared_queue 4000000`;

const metrics = `
  define_metric 0 "$NAME.counter" > c
  define_metric 1 "$NAME.gauge" > g
  define_metric 2 "$NAME.histogram" > h
  define_metric 5 "$NAME.other"
  increment_metric $c 1
  record_metric $c 5
  increment_metric $c -1
  record_metric $g 7
  increment_metric $g -9
  record_metric $h 3
  increment_metric $h 3
  get_metric $g
  get_metric $h
  increment_metric 4000000 1
  record_metric 4000000 1
  get_metric 4000000`;

const properties = `
  get_property "plugin_name"
  get_property "plugin_root_id"
  get_property "request\\0path"
  get_property "response\\0code"
  get_property "xds\\0node\\0id"
  get_property "nothing"
  get_property "request"
  get_property ""
  set_property "own" "value"
  get_property "own"`;

const misc = `
  log 0 "a line of level trace, which is not shown"
  log 2 "a line"
  log 5 "a critical line"
  log 6 "a line of level 6"
  get_log_level
  get_current_time_nanoseconds ~
  set_tick_period_milliseconds 0
  done
  set_effective_context 4000000
  get_status
  call_foreign_function "none" ""
  call_foreign_function "clear_route_cache" ""
  call_foreign_function "compress" "aaaaaaaaaaaaaaaa"
  clock_time_get 0 ~
  clock_time_get 1 ~
  clock_time_get 2
  random_get 8 ~
  environ_sizes_get ~
  environ_get ~
  args_sizes_get
  args_get
  fd_write 1 "to stdout\\n"
  fd_write 2 "to stderr\\n"
  fd_write 3 "nowhere\\n"`;

const call = `
  http_call "app" {":method" = "GET", ":path" = "/side", ":authority" = "side"} "body" {} 30000
  http_call "none" {":method" = "GET", ":path" = "/side", ":authority" = "side"} "" {} 1000
  http_call "app" {":method" = "GET", ":path" = "/side"} "" {} 1000
  http_call "empty" {":method" = "GET", ":path" = "/side", ":authority" = "side"} "" {} 1000`;

/** Nobody waits for an answer. */
const grpc = `
  ${grpcCall("h2")} > call
  grpc_cancel $call
  ${grpcStream("h2")} > stream
  grpc_send $stream "one" 0
  grpc_close $stream
  grpc_cancel $stream
  grpc_send 4000002 "x" 0
  grpc_close 4000002
  grpc_cancel 4000001
  grpc_send 4000001 "x" 0
  ${grpcCall("empty")}
  ${grpcStream("none")}
  grpc_call "\\xff" "s" "m" {} "" 0
  grpc_stream "\\xff" "s" "m" {}`;

const reply = 'send_local_response 403 "denied by probe" "no" {"x-why" = "probe"} -1';

/** What is done in every phase where it does not kill Envoy. */
function probesOf(phase: Phase): Probe[] {
  const { name, probe } = phase;
  const named = (what: string, rest: Omit<Probe, "name">): Probe => ({ name: `${name}: ${what}`, ...rest });
  const onWorker = (what: string) => metrics.replaceAll("$NAME", `${name}.${what}`.replaceAll(/\W/g, "_"));
  return [
    named("reading headers", probe(readHeaders)),
    named("writing headers", probe(writeHeaders)),
    named("setting whole maps", probe(setPairs)),
    named("reading buffers", probe(buffers)),
    named("writing buffers", probe(writeBuffers)),
    named("shared data", probe(sharedData)),
    named("shared queues", probe(sharedQueues)),
    named("metrics", probe(onWorker("m"))),
    named("properties", probe(properties)),
    named("logs, clocks, contexts, foreign functions and WASI", probe(misc)),
    named("a callout", withAnswer(phase, probe(call))),
    named("gRPC calls and streams", { ...probe(grpc), hides: ["h2"] }),
    named("continue_stream of the request", probe("continue_stream 0\ncontinue_stream 2\ncontinue_stream 3\ncontinue_stream 9", "")),
    named("close_stream of what is no HTTP stream", probe("close_stream 2\nclose_stream 3\nclose_stream 9")),
    ...(phase.response ? [named("continue_stream of the response", probe("continue_stream 1"))] : []),
    ...(phase.root
      ? [named("a reply, a close and a continue of the root", probe(`${reply}\nclose_stream 0\nclose_stream 1\ncontinue_stream 1`))]
      : []),
    ...(phase.stream
      ? [
          named("send_local_response", probe("", reply)),
          named("close_stream of the request", probe("", "close_stream 0")),
          named("close_stream of the response", probe("", "close_stream 1")),
        ]
      : []),
  ];
}

/** The answer to the callout is awaited, where there is one. */
function withAnswer(phase: Phase, probe: Omit<Probe, "name">): Omit<Probe, "name"> {
  const others = phase.name.startsWith("callout") ? 1 : 0;
  // Answered after the stream is over, so that it does not run against the stream's own answer.
  const respond: Probe["respond"] =
    ({ line }) =>
    ({ path }) =>
      path === "/side" ? { delay: line("^delete") } : trailers;
  return { ...probe, respond, until: ["^callout \\d+ token=", others + 1] };
}

export const phaseTopics: readonly Topic[] = phases.map((phase) => ({
  topic: `phase-${phase.name.replaceAll(/\W+/g, "-")}`,
  probes: probesOf(phase),
}));
