import type { Topic } from "../types.ts";

const chunked = { method: "POST", body: "0123456789", headers: { "transfer-encoding": "chunked" } };
const stop = "set_tick_period_milliseconds 0";
const tick = (steps: string) => `${stop}\nset_effective_context $stream\n${steps}`;
const pause = "let stream = $ctx\nset_tick_period_milliseconds 20\nreturn 1";
const answers = [1, 3, 4];

export const streams: Topic = {
  topic: "streams",
  probes: [
    {
      name: "the order of callbacks",
      request: { ...chunked, trailers: { "x-t": "1" } },
      respond: { body: "hello", trailers: { "x-t": "1" } },
      script: {},
    },
    { name: "HEAD", request: { method: "HEAD" }, script: {} },
    {
      name: "204 and 304 have no body",
      request: [{ path: "/204" }, { path: "/304" }],
      respond:
        () =>
        ({ path }) => ({ status: Number(path.slice(1)) }),
      script: {},
    },
    {
      name: "1xx before the answer",
      request: { ...chunked, headers: { "transfer-encoding": "chunked", expect: "100-continue" } },
      script: {},
    },
    ...answers.map((answer) => ({
      name: `rh answers ${answer}, and a tick continues`,
      request: chunked,
      script: { rh: pause.replace("return 1", `return ${answer}`), tick: tick('get_header_map_value 0 ":path"\ncontinue_stream 0') },
      until: "^tick continue",
    })),
    ...answers.map((answer) => ({
      name: `rb answers ${answer}, and a tick continues`,
      request: chunked,
      script: { "rb.1": pause.replace("return 1", `return ${answer}`), tick: tick("get_buffer_bytes 0 0 100\ncontinue_stream 0") },
      until: "^tick continue",
    })),
    ...answers.map((answer) => ({
      name: `sh answers ${answer}, and a tick continues`,
      script: { sh: pause.replace("return 1", `return ${answer}`), tick: tick('get_header_map_value 2 ":status"\ncontinue_stream 1') },
    })),
    ...answers.map((answer) => ({
      name: `sb answers ${answer}, and a tick continues`,
      request: { timeout: 1_000 },
      script: { "sb.1": pause.replace("return 1", `return ${answer}`), tick: tick("get_buffer_bytes 1 0 100\ncontinue_stream 1") },
      until: "^tick continue",
    })),
    { name: "rh answers 2: it goes on", request: chunked, script: { rh: "return 2" } },
    { name: "rb answers 2 and 3: it waits for the end", request: chunked, script: { "rb.1": "return 2", "rb.2": "return 0" } },
    { name: "sh answers 2: it goes on", script: { sh: "return 2" } },
    ...[5, 9, -1].flatMap((answer) =>
      ["rh", "sh", "rb.1", "sb.1"].map((section) => ({
        name: `${section} answers ${answer}, which is no action`,
        request: { ...chunked, timeout: 1_000 },
        script: { [section]: `return ${answer}` },
      })),
    ),
    { name: "continue and StopIteration in rh: it goes on", script: { rh: "continue_stream 0\nreturn 1" } },
    {
      name: "continue and StopIteration in sh: it waits until the tick",
      script: { sh: "continue_stream 1\nlet stream = $ctx\nset_tick_period_milliseconds 1\nreturn 1", tick: tick("continue_stream 1") },
    },
    { name: "continue twice", request: chunked, script: { rh: pause, tick: tick("continue_stream 0\ncontinue_stream 0") } },
    { name: "continue of a request that flows: rh", script: { rh: "continue_stream 0" } },
    { name: "continue of a request that flows: sh", script: { sh: "continue_stream 0" } },
    { name: "continue of a response that flows: sh", script: { sh: "continue_stream 1" } },
    { name: "continue of a response that flows: sb", script: { "sb.1": "continue_stream 1" } },
    {
      name: "continue in log, done and delete",
      script: {
        log: "continue_stream 0\ncontinue_stream 1",
        done: "continue_stream 0\ncontinue_stream 1",
        delete: "continue_stream 0\ncontinue_stream 1",
      },
    },
    {
      name: "a paused request whose client leaves",
      script: {
        rh: "let stream = $ctx\nreturn 1",
        log: 'get_property "response\\0code"\nget_property "response\\0code_details"\nget_property "response\\0flags"\nget_header_map_value 0 ":path"',
        delete: "set_tick_period_milliseconds 1",
        tick: tick("continue_stream 0"),
      },
      act: async ({ request, line }) => {
        const one = request();
        await line("^rh return 1");
        one.abort();
        await one;
      },
      until: "^tick continue",
    },
    {
      name: "a client that leaves while the upstream is awaited",
      respond: ({ line }) => ({ delay: line("^delete") }),
      script: {},
      act: async ({ request, target }) => {
        const one = request();
        await target.upstream("app").received();
        one.abort();
        await one;
      },
    },
    { name: "stream_idle_timeout of a paused request", httpConnectionManager: { stream_idle_timeout: "0.4s" }, script: { rh: "return 1" } },
    {
      name: "request_timeout of a paused request",
      httpConnectionManager: { request_timeout: "0.4s" },
      script: { rh: "return 1" },
      request: { method: "POST", body: "hello" },
    },
    {
      name: "stream_idle_timeout of a paused response",
      httpConnectionManager: { stream_idle_timeout: "0.4s" },
      script: { sh: "return 1" },
    },
    {
      name: "the route's timeout while the upstream is silent",
      respond: ({ line }) => ({ delay: line("^delete") }),
      routes: [{ match: { prefix: "/" }, route: { cluster: "app", timeout: "0.3s" } }],
      script: { log: 'get_property "response\\0code_details"' },
    },
    { name: "no route", routes: [{ match: { prefix: "/none" }, route: { cluster: "app" } }], script: { sh: "get_header_map_pairs 2" } },
    {
      name: "a direct response",
      routes: [{ match: { prefix: "/" }, direct_response: { status: 418, body: { inline_string: "short and stout" } } }],
      script: { sh: "get_header_map_pairs 2" },
    },
    {
      name: "a redirect",
      routes: [{ match: { prefix: "/" }, redirect: { path_redirect: "/there" } }],
      script: { sh: "get_header_map_pairs 2" },
    },
    {
      name: "an upstream that refuses the connection",
      routes: [{ match: { prefix: "/" }, route: { cluster: "refused" } }],
      script: { sh: 'get_header_map_pairs 2\nget_property "response\\0flags"\nget_property "response\\0code_details" ~' },
    },
    {
      name: "a cluster without endpoints",
      routes: [{ match: { prefix: "/" }, route: { cluster: "empty" } }],
      script: { sh: "get_header_map_pairs 2" },
    },
    { name: "an upstream that resets before its headers", respond: { reset: "before-headers" }, script: { sh: "get_header_map_pairs 2" } },
    { name: "an upstream that resets in mid body", respond: { reset: "mid-body", body: "half" }, script: {} },
    {
      name: "a codec error: create, log, done, delete",
      request: {
        headers: [
          ["host", "probe"],
          ["bad name", "1"],
        ],
      },
      script: { log: 'get_property "response\\0code"\nget_property "response\\0code_details"\nget_header_map_pairs 0' },
    },
    { name: "a fragment in the path", request: { path: "/a#b" }, script: { log: "get_header_map_pairs 0" } },
    {
      name: "HTTP/2 methods in lower case reach rh",
      request: { protocol: "h2c", method: "get" },
      script: { rh: 'get_header_map_value 0 ":method"' },
    },
    { name: "HTTP/1 methods in lower case do not", request: { method: "get" }, script: {} },
    { name: "OPTIONS *", request: { method: "OPTIONS", path: "*" }, script: {} },
    { name: "ids count up over roots and streams", request: [{}, {}, {}], script: {} },
  ],
};
