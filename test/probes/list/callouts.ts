import { manyPairs } from "../script.ts";
import type { Probe, Topic } from "../types.ts";

const headers = '{":method" = "GET", ":path" = "/side", ":authority" = "side"}';
const post = '{":method" = "POST", ":path" = "/side", ":authority" = "side"}';
const go = "set_effective_context $stream\ncontinue_stream 0";
const read = "get_header_map_pairs 6\nget_header_map_size 6\nget_buffer_bytes 4 0 200\nget_buffer_status 4\nget_header_map_pairs 7";

/** A call whose answer lets the stream go. */
function calls(name: string, call: string, over: Partial<Probe> = {}, steps = read): Probe {
  return { name, script: { rh: `let stream = $ctx\n${call} > token\nreturn 1`, "callout.1": `${steps}\n${go}` }, ...over };
}
/** A call that is refused: nobody waits. */
const refused = (name: string, call: string): Probe => ({ name, script: { rh: call } });

export const callouts: Topic = {
  topic: "callouts",
  probes: [
    calls("an answer with body", `http_call "app" ${headers} "" {} 1000`, {
      respond: {
        status: 201,
        headers: [
          ["x-r", "1"],
          ["X-R", "2"],
        ],
        body: "answer",
      },
    }),
    calls("an answer with trailers", `http_call "app" ${headers} "" {} 1000`, { respond: { body: "answer", trailers: { "x-t": "1" } } }),
    calls("an answer without a body", `http_call "app" ${headers} "" {} 1000`, { respond: { status: 204 } }),
    calls("an error of the upstream's own", `http_call "app" ${headers} "" {} 1000`, { respond: { status: 500, body: "broken" } }),
    calls("a request with body and trailers", `http_call "app" ${post} "body" {"x-t" = "1"} 1000`),
    calls("a request over HTTP/2", `http_call "h2" ${post} "body" {"x-t" = "1"} 1000`, {
      respond: { body: "h2", trailers: { "x-u": "1" } },
    }),
    calls(
      "odd requests go out",
      'http_call "app" {":method" = "get", ":path" = "no-slash", ":authority" = "side", "X-Up" = "1", "x-up" = "2", "content-length" = "99", ":scheme" = "https"} "b" {} 1000',
    ),
    calls("host instead of :authority", 'http_call "app" {":method" = "GET", ":path" = "/side", "host" = "side"} "" {} 1000'),
    calls("a body of 100 kB", `http_call "app" ${post} "ab" * 50000 {} 1000`, { chunks: "any", respond: { body: "cd".repeat(50_000) } }),
    calls("a timeout", `http_call "app" ${headers} "" {} 30`, {
      respond:
        ({ line }) =>
        (r) =>
          r.path === "/side" ? { delay: line("^delete") } : {},
    }),
    calls("a timeout of 0 is none", `http_call "app" ${headers} "" {} 0`),
    calls("a connection that is refused", `http_call "refused" ${headers} "" {} 1000`),
    calls("a reset before the headers", `http_call "app" ${headers} "" {} 1000`, {
      respond: () => (r) => (r.path === "/side" ? { reset: "before-headers" } : {}),
    }),
    calls("a reset in mid body", `http_call "app" ${headers} "" {} 1000`, {
      respond: () => (r) => (r.path === "/side" ? { reset: "mid-body", body: "half", headers: { "content-length": "100" } } : {}),
    }),
    ...[
      "{}",
      '{":path" = "/", ":authority" = "a"}',
      '{":method" = "GET", ":authority" = "a"}',
      '{":method" = "GET", ":path" = "/"}',
      '"\\x09\\0\\0\\0"',
      '""',
    ].map((block, i) => refused(`headers that are not enough (${i + 1})`, `http_call "app" ${block} "" {} 1000`)),
    calls("empty pseudo headers", 'http_call "app" {":method" = "", ":path" = "", ":authority" = ""} "" {} 1000'),
    refused("unknown clusters", `http_call "none" ${headers} "" {} 1000\nhttp_call "" ${headers} "" {} 1000`),
    refused("a cluster without endpoints", `http_call "empty" ${headers} "" {} 1000`),
    refused("a full circuit breaker", `http_call "full" ${headers} "" {} 1000`),
    refused(
      "a header that is not valid",
      'http_call "app" {":method" = "GET", ":path" = "/", ":authority" = "a", "x" = "a\\r\\nb"} "" {} 1000',
    ),
    refused("1,025 headers", `http_call "app" ${manyPairs(1025, "a", "b")} "" {} 1000`),
    refused(
      "call pointers outside the memory",
      `http_call @4294967040:10 ${headers} "" {} 1000\nhttp_call "app" @4294967040:10 "" {} 1000\nhttp_call "app" ${headers} @4294967040:10 {} 1000\nhttp_call "app" ${headers} "" @4294967040:10 1000`,
    ),
    calls(
      "map 0 is not there until the stream's context is taken; callout maps only in the callback",
      `http_call "app" ${headers} "" {} 1000`,
      {},
      'get_header_map_value 0 ":path"\nget_header_map_value 6 ":status"\nset_effective_context $stream\nget_header_map_value 0 ":path"\nget_header_map_value 6 ":status"\nget_buffer_bytes 4 0 100\nadd_header_map_value 6 "x" "1"\nadd_header_map_value 0 "x-from-callout" "1"',
    ),
    {
      name: "a reply from the answer",
      script: {
        rh: `let stream = $ctx\nhttp_call "app" ${headers} "" {} 1000\nreturn 1`,
        callout: 'set_effective_context $stream\nsend_local_response 401 "denied" "no" {} -1',
      },
    },
    {
      name: "tokens count up",
      script: {
        rh: `http_call "app" ${headers} "" {} 1000\nhttp_call "app" ${headers} "" {} 1000`,
        sh: `http_call "app" ${headers} "" {} 1000`,
      },
      until: ["^callout", 3],
      respond: ({ line }) => {
        // One after the other, in the order of their arrival.
        let last: Promise<unknown> = Promise.resolve();
        return (r) => {
          if (r.path !== "/side") return {};
          last = last.then(() => line("^delete"));
          return { delay: last };
        };
      },
    },
    {
      name: "a call from log is answered after the stream",
      script: {
        rh: "let stream = $ctx",
        log: `http_call "app" ${headers} "" {} 1000`,
        callout: 'set_effective_context $stream\nget_property "request\\0path"\nget_header_map_pairs 6',
      },
      respond:
        ({ line }) =>
        (r) =>
          r.path === "/side" ? { delay: line("^delete") } : {},
      until: "^callout get_header",
    },
    {
      name: "a call from configure",
      script: { configure: `http_call "app" ${headers} "" {} 30000`, callout: 'get_header_map_value 6 ":status"' },
      until: "^callout get_header",
    },
    {
      name: "a call from a tick",
      script: {
        configure: "set_tick_period_milliseconds 1",
        tick: `set_tick_period_milliseconds 0\nhttp_call "app" ${headers} "" {} 1000`,
        callout: 'get_header_map_value 6 ":status"',
      },
      until: "^callout get_header",
    },
    {
      name: "a call from a callout",
      script: {
        rh: `let stream = $ctx\nhttp_call "app" ${headers} "" {} 1000\nreturn 1`,
        "callout.1": `http_call "app" ${headers} "" {} 1000`,
        "callout.2": go,
      },
    },
    {
      name: "the client leaves before the answer",
      respond: ({ line }) => ({ delay: line("^delete") }),
      script: {
        rh: `let stream = $ctx\nhttp_call "app" ${headers} "" {} 1000\nreturn 1`,
        callout: `set_effective_context $stream\nget_property "request\\0path"\ncontinue_stream 0\nsend_local_response 403 "x" "no" {} -1`,
      },
      act: async ({ request, target }) => {
        const one = request();
        await target.upstream("app").received();
        one.abort();
        await one;
      },
      until: "^callout send_local",
    },
    {
      name: "two filters call: each root gets its own",
      plugins: [
        {
          label: "a",
          script: {
            rh: `let a = $ctx\nhttp_call "app" ${headers} "" {} 1000\nreturn 1`,
            callout: 'get_property "plugin_name"\nset_effective_context $a\ncontinue_stream 0',
          },
        },
        {
          label: "b",
          script: {
            rh: `let b = $ctx\nhttp_call "app" ${headers} "" {} 1000\nreturn 1`,
            callout: 'get_property "plugin_name"\nset_effective_context $b\ncontinue_stream 0',
          },
        },
      ],
    },
  ],
};
