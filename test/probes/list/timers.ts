import type { Topic } from "../types.ts";

const stop = "set_tick_period_milliseconds 0";

export const timers: Topic = {
  topic: "timers",
  probes: [
    {
      name: "a root that asks in configure ticks until it asks for 0",
      script: { configure: "set_tick_period_milliseconds 2", "tick.1": "", "tick.2": "", "tick.3": stop },
      until: ["^tick 1$", 3],
    },
    {
      name: "asked from a stream, the root ticks, with the root's id",
      respond: ({ line }) => ({ delay: line("^tick 1") }),
      script: { rh: "set_tick_period_milliseconds 1", tick: stop },
    },
    {
      name: "a period that is changed in a tick",
      script: { configure: "set_tick_period_milliseconds 1", "tick.1": "set_tick_period_milliseconds 3", "tick.2": stop },
      until: ["^tick 1$", 2],
    },
    {
      name: "two roots in a VM tick on their own",
      plugins: [
        { label: "a", script: { configure: "set_tick_period_milliseconds 5", tick: stop } },
        { label: "b", script: { rh: "set_tick_period_milliseconds 5", tick: stop } },
      ],
      until: ["tick \\d$", 2],
    },
    {
      name: "a paused request is continued from a tick, with its headers edited and its body behind it",
      request: { method: "POST", body: "upload" },
      script: {
        rh: "let stream = $ctx\nset_tick_period_milliseconds 20\nreturn 1",
        tick: `${stop}\nadd_header_map_value 0 "x" "1"\nset_effective_context $stream\nadd_header_map_value 0 "x-tick" "1"\nget_header_map_pairs 0\ncontinue_stream 0\nadd_header_map_value 0 "x-late" "1"\nget_header_map_value 0 ":path"\nget_property "request\\0path"\ncontinue_stream 0`,
      },
    },
    {
      name: "a paused response is edited and continued from a tick",
      script: {
        sh: "let stream = $ctx\nset_tick_period_milliseconds 1\nreturn 1",
        tick: `${stop}\nset_effective_context $stream\nadd_header_map_value 2 "x-tick" "1"\nget_header_map_pairs 2\nget_buffer_bytes 1 0 100\ncontinue_stream 1\nadd_header_map_value 2 "x-late" "1"`,
      },
    },
    {
      name: "a paused response is replaced from a tick",
      script: {
        sh: "let stream = $ctx\nset_tick_period_milliseconds 1\nreturn 1",
        tick: `${stop}\nset_effective_context $stream\nsend_local_response 503 "replaced" "instead" {"x-why" = "tick"} -1`,
      },
    },
    {
      name: "a reply from a tick while the upstream is awaited",
      respond: ({ line }) => ({ delay: line("^delete") }),
      script: {
        rh: "let stream = $ctx\nset_tick_period_milliseconds 1",
        tick: `${stop}\nset_effective_context $stream\nget_header_map_value 0 ":path"\nget_header_map_pairs 2\nsend_local_response 504 "impatient" "late" {} -1`,
      },
    },
    {
      name: "two replies from two ticks",
      script: {
        rh: "let stream = $ctx\nset_tick_period_milliseconds 1\nreturn 1",
        "tick.1": 'set_effective_context $stream\nsend_local_response 403 "first" "first" {} -1',
        "tick.2": `${stop}\nset_effective_context $stream\nsend_local_response 404 "second" "second" {} -1`,
      },
      until: ["^tick set_effective", 2],
    },
    {
      name: "the context of a stream that is over cannot be taken; on the root, a reply and continue do nothing",
      script: {
        rh: "let stream = $ctx",
        delete: "set_tick_period_milliseconds 1",
        tick: `${stop}\nset_effective_context $stream\nsend_local_response 403 "x" "no" {} -1\ncontinue_stream 0\ncontinue_stream 1\nclose_stream 0\nset_effective_context 99999\nset_effective_context 0\nset_effective_context $root\nget_property "request\\0path"\nget_property "plugin_name"`,
      },
      until: '^tick get_property "plugin_name',
    },
    {
      name: "each callback begins in its own context",
      script: {
        rh: "let stream = $ctx\nset_tick_period_milliseconds 1\nreturn 1",
        "tick.1": 'set_effective_context $stream\nget_property "request\\0path"',
        "tick.2": `${stop}\nget_property "request\\0path"\nset_effective_context $stream\ncontinue_stream 0`,
      },
    },
    {
      name: "a stream acts for the root",
      script: {
        rh: `set_effective_context $root\nget_header_map_value 0 ":path"\nget_property "request\\0path"\nset_effective_context 77777\nget_header_map_value 0 ":path"\nset_effective_context $ctx\nget_header_map_value 0 ":path"`,
      },
    },
    {
      name: "a tick for a stream that another stream holds",
      request: [{ path: "/1" }, { path: "/2" }],
      script: { "rh#1": "let first = $ctx", "rh#2": 'set_effective_context $first\nget_header_map_value 0 ":path"' },
    },
    {
      name: "the clocks: nanoseconds that go on",
      script: {
        rh: "get_current_time_nanoseconds ~\nclock_time_get 0 ~\nclock_time_get 1 ~\nclock_time_get 2\nclock_time_get 3\nclock_time_get 99\nget_current_time_nanoseconds !\nclock_time_get 0 !",
      },
    },
  ],
};
