import type { Probe, Topic } from "../types.ts";

const post = { method: "POST", body: "0123456789", headers: { "x-a": "1" } };
const chunked = { method: "POST", body: "0123456789", headers: { "transfer-encoding": "chunked" } };
const get = "get_buffer_bytes 0 0 100\nget_buffer_status 0";
const modes = [
  [0, 0],
  [0, 4],
  [0, 10],
  [0, 100],
  [3, 2],
  [3, 0],
  [3, 100],
  [10, 0],
  [10, 5],
  [100, 0],
  [-1, -1],
] as const;
const ranges = [
  [0, 100],
  [0, 4],
  [4, 3],
  [4, 100],
  [9, 1],
  [10, 1],
  [50, 1],
  [0, 0],
  [5, 0],
  [0, -1],
  [5, -1],
  [-1, 1],
  [-1, -1],
] as const;
const request = (name: string, script: Probe["script"], over: Partial<Probe> = {}): Probe => ({
  name,
  request: chunked,
  ...(script ? { script } : {}),
  ...over,
});
const upload = (size: number) => ({ method: "POST", body: "a".repeat(size) });

export const bodies: Topic = {
  topic: "bodies",
  probes: [
    request("ranges of a request body", { "rb.1": ranges.map(([start, size]) => `get_buffer_bytes 0 ${start} ${size}`).join("\n") }),
    ...modes.map(([start, size]) =>
      request(`set_buffer_bytes of a request body: start ${start}, size ${size}`, {
        "rb.1": `set_buffer_bytes 0 ${start} ${size} "NEW"\n${get}`,
      }),
    ),
    ...modes.map(
      ([start, size]): Probe => ({
        name: `set_buffer_bytes of a response body: start ${start}, size ${size}`,
        respond: { body: "0123456789", headers: { "transfer-encoding": "chunked" } },
        script: { "sb.1": `set_buffer_bytes 1 ${start} ${size} "NEW"\nget_buffer_bytes 1 0 100\nget_buffer_status 1` },
      }),
    ),
    request("a body replaced by nothing", { "rb.1": `set_buffer_bytes 0 0 100 ""\n${get}` }),
    request(
      "a body of the same length under its content-length",
      { "rb.1": `set_buffer_bytes 0 0 100 "ABCDEFGHIJ"\n${get}` },
      { request: post },
    ),
    request(
      "content-length removed, then a longer body",
      { rh: 'remove_header_map_value 0 "content-length"', "rb.1": 'set_buffer_bytes 0 100 0 "more"' },
      { request: post },
    ),
    request("the last call has no bytes: an append there is sent too", { rb: 'set_buffer_bytes 0 0 0 "<"\nset_buffer_bytes 0 1000 0 ">"' }),
    {
      name: "content-length removed, then a longer answer",
      script: { sh: 'remove_header_map_value 2 "content-length"', "sb.1": 'set_buffer_bytes 1 100 0 " and more"' },
    },
    {
      name: "a body for an answer that has none",
      respond: { status: 200, headers: { "content-length": "0" } },
      script: { sh: 'get_buffer_bytes 1 0 10\nset_buffer_bytes 1 0 0 "new"' },
    },
    {
      name: "a body for a request that has none",
      script: { rh: 'get_buffer_bytes 0 0 10\nget_buffer_status 0\nset_buffer_bytes 0 0 0 "new"' },
    },
    request("buffers of other types", {
      "rb.1": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -1]
        .map((type) => `get_buffer_bytes ${type} 0 4 ~\nget_buffer_status ${type} ~\nset_buffer_bytes ${type} 0 0 ""`)
        .join("\n"),
    }),
    request("buffer pointers outside the memory", {
      "rb.1": "set_buffer_bytes 0 0 0 @4294967040:10\nget_buffer_bytes 0 0 100 !\nget_buffer_status 0 !",
    }),
    request("paused chunks add up: n is all so far", {
      rb: "get_buffer_bytes 0 0 100\nreturn 1",
      "rb.2": "get_buffer_bytes 0 0 100\nreturn 0",
    }),
    request("a buffered body is replaced at its end", { "rb.1": "return 1", "rb.2": `set_buffer_bytes 0 0 100 "whole"\n${get}` }),
    {
      name: "a buffered answer is replaced at its end",
      respond: { body: "0123456789", headers: { "transfer-encoding": "chunked" } },
      script: { "sb.1": "return 1", "sb.2": 'get_buffer_bytes 1 0 100\nset_buffer_bytes 1 0 100 "whole"' },
    },
    request(
      "trailers reach rt, and are written there",
      {
        rt: 'get_header_map_pairs 1\nget_header_map_size 1\nget_header_map_value 1 "X-T"\nadd_header_map_value 1 "X-New" "1"\nreplace_header_map_value 1 "x-t" "2"\nremove_header_map_value 1 "x-u"\nget_header_map_pairs 1\nget_buffer_bytes 0 0 100',
      },
      { request: { ...chunked, trailers: { "x-t": "1", "x-u": "1" } } },
    ),
    {
      name: "trailers reach st, and are written there",
      respond: { body: "hello", trailers: { "x-t": "1", "x-u": "1" } },
      script: {
        st: 'get_header_map_pairs 3\nget_header_map_size 3\nadd_header_map_value 3 "X-New" "1"\nreplace_header_map_value 3 "x-t" "2"\nremove_header_map_value 3 "x-u"\nget_header_map_pairs 3\nset_header_map_pairs 3 {"x-only" = "1"}',
      },
    },
    request("trailers where none came: only at the end of the body", {
      rh: 'add_header_map_value 1 "x-t" "1"',
      "rb.1": 'add_header_map_value 1 "x-t" "1"',
      "rb.2": 'add_header_map_value 1 "x-t" "2"\nget_header_map_pairs 1\nadd_header_map_value 1 "x-u" "2"',
    }),
    {
      name: "response trailers where none came: only at the end of the body",
      respond: { body: "hello", headers: { "transfer-encoding": "chunked" } },
      script: {
        sh: 'add_header_map_value 3 "x-t" "1"',
        "sb.1": 'add_header_map_value 3 "x-t" "1"',
        "sb.2": 'add_header_map_value 3 "x-t" "2"\nget_header_map_pairs 3\nreplace_header_map_value 3 "x-u" "2"',
      },
    },
    request("set_header_map_pairs makes trailers at the end of the body", {
      "rb.2": 'set_header_map_pairs 1 {"x-t" = "1"}\nget_header_map_pairs 1',
    }),
    request(
      "paused in rt, continued by a tick",
      {
        rt: "let stream = $ctx\nset_tick_period_milliseconds 20\nreturn 1",
        tick: 'set_tick_period_milliseconds 0\nset_effective_context $stream\nget_header_map_pairs 1\nget_buffer_bytes 0 0 100\nadd_header_map_value 1 "x-tick" "1"\ncontinue_stream 0',
      },
      { request: { ...chunked, trailers: { "x-t": "1" } } },
    ),
    {
      name: "paused in st, continued by a tick",
      respond: { body: "hello", trailers: { "x-t": "1" } },
      script: {
        st: "let stream = $ctx\nset_tick_period_milliseconds 20\nreturn 1",
        tick: "set_tick_period_milliseconds 0\nset_effective_context $stream\nget_header_map_pairs 3\ncontinue_stream 1",
      },
    },
    request("paused in rb, continued by a tick", {
      "rb.1": "let stream = $ctx\nset_tick_period_milliseconds 20\nreturn 1",
      "rb.2": "return 1",
      tick: 'set_tick_period_milliseconds 0\nset_effective_context $stream\nget_buffer_bytes 0 0 100\nset_buffer_bytes 0 0 100 "edited"\nget_header_map_pairs 0\ncontinue_stream 0',
    }),
    { name: "a buffered request body above the limit is 413", chunks: "any", script: { rb: "return 1" }, request: upload(3_000_000) },
    {
      name: "a buffered answer above the limit is cut off",
      chunks: "any",
      script: { sb: "return 1" },
      respond: { body: "a".repeat(3_000_000) },
    },
    {
      name: "HTTP/2: body and trailers",
      request: { protocol: "h2c", method: "POST", body: "hello", trailers: { "x-t": "1" } },
      respond: { body: "world", trailers: { "x-u": "1" } },
      script: { rt: "get_header_map_pairs 1", st: "get_header_map_pairs 3" },
    },
    {
      name: "without enable_trailers they are dropped",
      httpConnectionManager: { http_protocol_options: { enable_trailers: false } },
      request: { ...chunked, trailers: { "x-t": "1" } },
      respond: { body: "hello", trailers: { "x-t": "1" } },
      script: {},
    },
  ],
};
