import type { Probe, Topic } from "../types.ts";
import { call } from "./grpc-steps.ts";
import { everything, rich } from "./properties.ts";

/** One access logger, and no filter: what `steps` do in its log callback. */
const log = (name: string, steps: string, over: Partial<Probe> = {}): Probe => ({
  name,
  accessLoggers: [{ script: { log: steps } }],
  until: "^log",
  ...over,
});
const maps = [0, 1, 2, 3, 4, 5, 6, 7];
const each = (step: (map: number) => string) => maps.map(step).join("\n");
const seen = { verdict: "%FILTER_STATE(wasm.verdict:PLAIN)%" };
const policies = ["FAIL_CLOSED", "FAIL_OPEN", "FAIL_RELOAD"] as const;

export const accessLoggers: Topic = {
  topic: "access-loggers",
  probes: [
    log("the root hears of every stream, and is told of nothing else", "", { request: [{}, {}], until: ["^log", 2] }),
    log("over HTTP/2", 'get_property "request\\0protocol"', { request: { protocol: "h2c" } }),
    log(
      "which maps there are",
      each((map) => `get_header_map_pairs ${map}\nget_header_map_size ${map}`),
      rich,
    ),
    log(
      "single headers",
      'get_header_map_value 0 "x-a"\nget_header_map_value 2 "x-r"\nget_header_map_value 3 "x-end"\nget_header_map_value 0 "none"',
      rich,
    ),
    log(
      "edits of headers",
      `${each((map) => `add_header_map_value ${map} "x-new" "1"\nreplace_header_map_value ${map} "x-a" "3"\nremove_header_map_value ${map} "x-r"`)}
get_header_map_value 0 "x-a"
get_header_map_value 2 "x-r"`,
      rich,
    ),
    log(
      "no response trailers, and no request body",
      each((map) => `get_header_map_size ${map}`),
    ),
    log("buffers", [0, 1, 2, 3, 4, 5, 6, 7, 8].map((type) => `get_buffer_bytes ${type} 0 7\nget_buffer_status ${type} ~`).join("\n"), rich),
    ...Object.entries(everything).map(([what, steps]) => log(`properties: ${what}`, steps, rich)),
    log(
      "what belongs to a stream and is not there",
      "continue_stream 0\ncontinue_stream 1\nset_effective_context 2\nset_effective_context $ctx\ndone\nget_status",
    ),
    log("its own property, and what the file's access log shows of it", 'set_property "verdict" "logged"\nget_property "verdict"', {
      accessLog: seen,
    }),
    {
      name: "a property that a filter set",
      plugins: [{ label: "f", script: { rh: 'set_property "verdict" "good"' } }],
      accessLoggers: [
        {
          label: "l",
          script: {
            log: 'get_property "verdict"\nget_property "filter_state\\0wasm.verdict"\nset_property "verdict" "bad"\nget_property "verdict"',
          },
        },
      ],
      accessLog: seen,
    },
    {
      name: "a property that one logger set, and the next one",
      accessLoggers: [
        { label: "a", script: { log: 'set_property "verdict" "a"' } },
        { label: "b", script: { log: 'get_property "verdict"' } },
      ],
      until: "b. log",
    },
    log(
      "foreign functions of a stream",
      'call_foreign_function "clear_route_cache" ""\ncall_foreign_function "set_envoy_filter_state" "\\x0a\\x01k\\x12\\x01v"\nget_property "filter_state\\0k"',
    ),
    log(
      "shared data, metrics, queues, time",
      'set_shared_data "k" "v" 0\nget_shared_data "k"\ndefine_metric 0 "access_logger_counter" > m\nincrement_metric $m 1\nget_metric $m\nregister_shared_queue "q" > q\nenqueue_shared_queue $q "item"\nget_current_time_nanoseconds ~',
    ),
    {
      name: "the order: filters, loggers, and only then the end of the filters",
      plugins: [
        { label: "f", script: {} },
        { label: "g", script: {} },
      ],
      accessLoggers: [
        { label: "a", script: {} },
        { label: "b", script: {} },
      ],
    },
    {
      name: "a filter and a logger of one configuration share a root",
      plugins: [{ script: {} }],
      accessLoggers: [{ script: {} }],
    },
    {
      name: "two loggers of one configuration share a root, which hears twice",
      accessLoggers: [{ script: {} }, { script: {} }],
      until: ["^log", 2],
    },
    {
      name: "in a VM of its own",
      plugins: [{ label: "f", vm: "f", script: {} }],
      accessLoggers: [{ label: "a", vm: "a", script: {} }],
    },
    log(
      "a request that Envoy answers before the chain",
      'get_header_map_pairs 0\nget_header_map_pairs 2\nget_property "response\\0code"\nget_property "response\\0code_details"\nget_property "request\\0path"',
      { request: { headers: { "bad header": "1" } } },
    ),
    log(
      "a path that Envoy refuses",
      'get_header_map_pairs 0\nget_header_map_pairs 2\nget_property "request\\0path"\nget_property "response\\0code_details"',
      {
        request: { path: "/a#b" },
      },
    ),
    log(
      "a request without a route",
      'get_header_map_size 0\nget_property "response\\0code_details"\nget_property "response\\0flags"\nget_property "xds\\0route_name"',
      { routes: [] },
    ),
    log(
      "an upstream that resets",
      'get_header_map_pairs 2\nget_property "response\\0code"\nget_property "response\\0code_details"\nget_property "response\\0flags"',
      { respond: { reset: "before-headers" } },
    ),
    log(
      "a client that leaves",
      'get_header_map_size 0\nget_header_map_size 2\nget_property "response\\0code"\nget_property "response\\0code_details"\nget_property "response\\0flags"',
      {
        respond: () => () => ({ delay: new Promise(() => {}) }),
        hides: ["app"],
        act: async ({ request, target }) => {
          const leaving = request();
          await target.upstream("app").received();
          leaving.abort();
          await leaving;
        },
      },
    ),
    {
      name: "a filter that answers, and one that closes the stream",
      plugins: [
        { label: "f", script: { "rh#1": 'send_local_response 403 "denied" "no" {} -1\nreturn 1', "rh#2": "close_stream 0\nreturn 1" } },
      ],
      accessLoggers: [
        {
          label: "l",
          script: { log: 'get_property "response\\0code"\nget_property "response\\0code_details"\nget_header_map_value 2 ":status"' },
        },
      ],
      request: [{}, {}],
      until: ["l. log", 2],
    },
    log(
      "a call to HTTP, whose answer comes to the root",
      'http_call "app" {":method" = "GET", ":path" = "/told", ":authority" = "told"} "" {} 1000 > token',
      {
        until: "^callout",
      },
    ),
    log("a call to gRPC, whose answer comes to the root", call("h2"), {
      respond: () => (head) =>
        head.headers.some(([name]) => name === "grpc-timeout" || name === "te")
          ? { headers: { "content-type": "application/grpc", "grpc-status": "3" } }
          : { body: "hello" },
      until: "^gclose",
    }),
    {
      name: "a timer, asked for while configuring, and one asked for in log",
      accessLoggers: [
        {
          script: {
            configure: "set_tick_period_milliseconds 1",
            "tick.1": 'set_tick_period_milliseconds 0\nget_header_map_size 0\nget_property "request\\0path"',
            "tick.2": "set_tick_period_milliseconds 0\nget_header_map_size 0",
            log: "set_tick_period_milliseconds 1",
          },
        },
      ],
      act: async ({ request, line }) => {
        await line("^tick");
        await request();
      },
      until: ["^tick get_header_map_size", 2],
    },
    ...policies.map(
      (failurePolicy): Probe => ({
        name: `${failurePolicy}: a trap in log, and the next request`,
        accessLoggers: [{ failurePolicy, script: { log: "trap" } }],
        request: [{}, {}],
        until: "^log trap",
      }),
    ),
    ...policies.map(
      (failurePolicy): Probe => ({
        name: `${failurePolicy}: a logger whose VM a filter has made fail`,
        plugins: [{ label: "f", vm: "x", failurePolicy, script: { "rh#1": "trap" } }],
        accessLoggers: [{ label: "l", vm: "x", failurePolicy, script: {} }],
        request: [{}, {}],
        ends: 0,
      }),
    ),
    {
      name: "capabilities that do not hold proxy_on_log",
      accessLoggers: [{ script: {}, capabilities: ["proxy_log"] }],
    },
    {
      name: "a logger that is removed, and one that comes",
      alone: true,
      accessLoggers: [{ script: {} }],
      act: async ({ request, line, target }) => {
        await request();
        await line("^log");
        await target.update({ accessLoggers: [] });
        await request();
      },
      until: "^delete 1$",
    },
  ],
};
