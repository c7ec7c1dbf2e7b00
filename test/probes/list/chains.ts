import type { Topic } from "../types.ts";

const chunked = { method: "POST", body: "0123456789", headers: { "transfer-encoding": "chunked" } };
const two = (a: Record<string, string>, b: Record<string, string>) => [
  { label: "a", script: a },
  { label: "b", script: b },
];
const pause = "let stream = $ctx\nset_tick_period_milliseconds 20\nreturn 1";

export const chains: Topic = {
  topic: "chains",
  probes: [
    {
      name: "two filters of one VM: request in order, response in reverse, log in order, done and delete in order",
      plugins: two({}, {}),
      request: { ...chunked, trailers: { "x-t": "1" } },
      respond: { body: "hello", trailers: { "x-t": "1" } },
    },
    {
      name: "two filters of two VMs",
      plugins: [
        { label: "a", vm: "x", script: {} },
        { label: "b", vm: "y", script: {} },
      ],
      request: chunked,
    },
    {
      name: "the first one's changes are seen by the second, and the other way in the response",
      plugins: two(
        { rh: 'add_header_map_value 0 "x-a" "1"', sh: "get_header_map_pairs 2" },
        { rh: "get_header_map_pairs 0", sh: 'add_header_map_value 2 "x-b" "1"' },
      ),
    },
    { name: "the first replies", plugins: two({ rh: 'send_local_response 403 "a" "no" {} -1' }, {}) },
    { name: "the second replies", plugins: two({}, { rh: 'send_local_response 403 "b" "no" {} -1' }), request: chunked },
    { name: "the second replies in rb", plugins: two({}, { "rb.1": 'send_local_response 403 "b" "no" {} -1' }), request: chunked },
    { name: "the first replies in rb", plugins: two({ "rb.1": 'send_local_response 403 "a" "no" {} -1' }, {}), request: chunked },
    { name: "the second replies in sh", plugins: two({}, { sh: 'send_local_response 403 "b" "no" {} -1' }) },
    { name: "the first replies in sh", plugins: two({ sh: 'send_local_response 403 "a" "no" {} -1' }, {}) },
    { name: "the first closes", plugins: two({ rh: "close_stream 0" }, {}) },
    {
      name: "the first pauses in rh",
      plugins: two({ rh: pause, tick: "set_tick_period_milliseconds 0\nset_effective_context $stream\ncontinue_stream 0" }, {}),
      request: chunked,
    },
    {
      name: "the second pauses in rh",
      plugins: two({}, { rh: pause, tick: "set_tick_period_milliseconds 0\nset_effective_context $stream\ncontinue_stream 0" }),
      request: chunked,
    },
    {
      name: "the second pauses in sh",
      plugins: two({}, { sh: pause, tick: "set_tick_period_milliseconds 0\nset_effective_context $stream\ncontinue_stream 1" }),
    },
    {
      name: "the first pauses in sh",
      plugins: two({ sh: pause, tick: "set_tick_period_milliseconds 0\nset_effective_context $stream\ncontinue_stream 1" }, {}),
    },
    {
      name: "the first buffers the request body",
      plugins: two(
        { "rb.1": "return 1", "rb.2": 'get_buffer_bytes 0 0 100\nset_buffer_bytes 0 0 100 "edited"' },
        { rb: "get_buffer_bytes 0 0 100" },
      ),
      request: chunked,
    },
    { name: "three filters that say the same", plugins: [...two({}, {}), { label: "c", script: {} }] },
    { name: "the same plugin twice in a chain: one root", plugins: [{ script: {} }, { script: {} }] },
    {
      name: "a property of one filter is read by the other",
      plugins: two({ rh: 'set_property "k" "from a"' }, { rh: 'get_property "k"\nset_property "k" "from b"', sh: 'get_property "k"' }),
    },
    {
      name: "a paused stream and a reply of the second, by the first one's tick",
      plugins: two(
        {
          tick: 'set_tick_period_milliseconds 0\nset_effective_context $stream\nsend_local_response 403 "x" "no" {} -1',
          rh: "set_tick_period_milliseconds 1",
        },
        { rh: "let stream = $ctx\nreturn 1" },
      ),
    },
    {
      name: "the second traps",
      plugins: [
        { label: "a", vm: "x", script: {} },
        { label: "b", vm: "y", script: { rh: "trap" } },
      ],
      ends: 1,
    },
    {
      name: "the first traps",
      plugins: [
        { label: "a", vm: "x", script: { rh: "trap" } },
        { label: "b", vm: "y", script: {} },
      ],
      ends: 0,
    },
  ],
};
