import type { Probe, Topic } from "../types.ts";

const chunked = { method: "POST", body: "0123456789", headers: { "transfer-encoding": "chunked" } };
const plugin = { allowOnHeadersStopIteration: true };
const probe = (name: string, script: Probe["script"], over: Partial<Probe> = {}): Probe => ({
  name,
  plugin,
  request: chunked,
  ...(script ? { script } : {}),
  ...over,
});
const request =
  'get_header_map_value 0 ":path"\nadd_header_map_value 0 "x-rb" "1"\nget_property "request\\0path"\nget_buffer_bytes 0 0 100';

/** With allow_on_headers_stop_iteration: StopIteration in a headers callback still brings the body. */
export const stopIteration: Topic = {
  topic: "stop-iteration",
  probes: [
    probe("rh stops, rb reads and writes the headers, and goes on", { rh: "return 1", rb: request }),
    probe("rh stops, rb buffers to the end", {
      rh: "return 1",
      "rb.1": `${request}\nreturn 1`,
      "rb.2": `${request}\nset_buffer_bytes 0 0 100 "whole"`,
    }),
    probe("rh stops, rb replies", { rh: "return 1", "rb.1": 'send_local_response 403 "rb" "no" {} -1' }),
    probe(
      "rh stops with a request without body",
      {
        rh: "let stream = $ctx\nset_tick_period_milliseconds 1\nreturn 1",
        tick: 'set_tick_period_milliseconds 0\nset_effective_context $stream\nget_header_map_value 0 ":path"\ncontinue_stream 0',
      },
      { request: {} },
    ),
    ...[3, 4].map((answer) =>
      probe(`rh answers ${answer}: no body until it is continued`, {
        rh: `let stream = $ctx\nset_tick_period_milliseconds 20\nreturn ${answer}`,
        tick: "set_tick_period_milliseconds 0\nset_effective_context $stream\ncontinue_stream 0",
      }),
    ),
    probe("rh stops, rb continues by itself", { rh: "return 1", "rb.1": `continue_stream 0\n${request}` }),
    probe(
      "rh stops, with trailers",
      { rh: "return 1", rb: "return 1", rt: 'get_header_map_value 0 ":path"\nget_buffer_bytes 0 0 100' },
      { request: { ...chunked, trailers: { "x-t": "1" } } },
    ),
    probe("sh stops, sb reads and writes the headers, and goes on", {
      sh: "return 1",
      sb: 'get_header_map_pairs 2\nadd_header_map_value 2 "x-sb" "1"\nget_buffer_bytes 1 0 100',
    }),
    probe("sh stops, sb buffers to the end and replaces the body", {
      sh: "return 1",
      "sb.1": "return 1",
      "sb.2": 'replace_header_map_value 2 "content-length" "3"\nset_buffer_bytes 1 0 100 "new"',
    }),
    probe("sh stops, sb replies", { sh: "return 1", "sb.1": 'send_local_response 502 "sb" "no" {} -1' }),
    probe("without stopping, rb has no headers", { rb: request, sb: "get_header_map_pairs 2" }),
    { name: "without the option, rb has none either", request: chunked, script: { rb: request, sb: "get_header_map_pairs 2" } },
    { name: "without the option, rh stops the body too", request: { ...chunked, timeout: 1_000 }, script: { rh: "return 1" } },
  ],
};
