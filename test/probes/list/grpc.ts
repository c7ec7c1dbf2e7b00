import { grpcFrame } from "../../../harness/host/router/grpc-frames.ts";
import type { ReceivedHead, UpstreamResponse } from "../../../harness/index.ts";
import { manyPairs } from "../script.ts";
import type { Probe, Running, Topic } from "../types.ts";
import { call, service, stream } from "./grpc-steps.ts";

const frame = (text: string) => grpcFrame(Buffer.from(text));
const grpcHeaders = { "content-type": "application/grpc", "x-initial": "i" };
const grpcAnswer = (messages: readonly string[], status = "0", more: Record<string, string> = {}): UpstreamResponse => ({
  headers: grpcHeaders,
  body: messages.map(frame),
  trailers: { "grpc-status": status, "x-trailing": "t", ...more },
});
const trailersOnly = (status: string, more: Record<string, string> = {}): UpstreamResponse => ({
  headers: { "content-type": "application/grpc", "grpc-status": status, ...more },
});

const go = "set_effective_context $stream\ncontinue_stream 0";
const look =
  'get_header_map_pairs 4\nget_header_map_pairs 5\nget_header_map_size 4\nget_header_map_value 4 "x-initial"\nget_header_map_value 5 "X-Trailing"\nget_buffer_bytes 5 0 200\nget_buffer_status 5\nget_status';

/** What comes is looked at; the last of `ends` lets the request go on. */
function waits(name: string, steps: string, ends: string, respond: Probe["respond"], over: Partial<Probe> = {}): Probe {
  const script: Record<string, string> = { rh: `let stream = $ctx\n${steps} > token\nreturn 1` };
  for (const section of ["ginit", "gmsg", "gtrail", "gclose"]) script[section] = section === ends ? `${look}\n${go}` : look;
  return {
    name,
    script: { ...script, ...over.script },
    ...(respond ? { respond: typeof respond === "object" ? onlyGrpc(respond) : respond } : {}),
    ...without(over),
  };
}
const without = ({ script: _, ...rest }: Partial<Probe>) => rest;
/** The stream's own requests get an ordinary answer. */
const onlyGrpc =
  (answer: UpstreamResponse) =>
  () =>
  (request: { path: string }): UpstreamResponse =>
    request.path.startsWith("/pkg.") ? answer : {};
/** Resets when the whole request is there: before that, nobody knows what of it has come. */
const resets =
  () =>
  (request: ReceivedHead): UpstreamResponse =>
    request.path.startsWith("/pkg.") ? { delay: request.complete, reset: "before-headers" } : {};

export const grpc: Topic = {
  topic: "grpc",
  probes: [
    waits("a call that is answered", call("h2"), "gmsg", grpcAnswer(["pong"])),
    waits(
      "metadata of a call",
      call("h2", '"ping"', 1000, '{"x-a" = "1", "X-B" = "2", "x-bin-bin" = "\\x01\\xff"}'),
      "gmsg",
      grpcAnswer([""]),
    ),
    waits("an empty message, an answer without bytes", call("h2", '""'), "gmsg", grpcAnswer([""])),
    waits("a call that fails", call("h2"), "gclose", trailersOnly("7", { "grpc-message": "not%20allowed" })),
    waits("a call that fails behind headers", call("h2"), "gclose", grpcAnswer([], "5", { "grpc-message": "no" })),
    waits("a call that answers and then fails", call("h2"), "gclose", grpcAnswer(["pong"], "9")),
    waits("a call that succeeds without a message", call("h2"), "gclose", grpcAnswer([], "0")),
    waits("a call with two messages", call("h2"), "gmsg", grpcAnswer(["a", "b"], "0")),
    waits("an answer without a grpc-status", call("h2"), "gclose", { headers: grpcHeaders, body: frame("pong") }),
    waits("an HTTP error", call("h2"), "gclose", { status: 500, body: "broken" }),
    waits("an HTTP 404", call("h2"), "gclose", { status: 404 }),
    waits("a status that is no number", call("h2"), "gclose", trailersOnly("x")),
    waits("a status of 200", call("h2"), "gclose", trailersOnly("200")),
    waits("a status of -1", call("h2"), "gclose", trailersOnly("-1")),
    waits("a message that is compressed", call("h2"), "gclose", {
      headers: grpcHeaders,
      body: Buffer.concat([Buffer.from([1, 0, 0, 0, 1]), Buffer.from("x")]),
      trailers: { "grpc-status": "0" },
    }),
    waits("half a message", call("h2"), "gclose", {
      headers: grpcHeaders,
      body: Buffer.from([0, 0, 0, 0, 9, 1]),
      trailers: { "grpc-status": "0" },
    }),
    waits(
      "a timeout",
      call("h2", '"ping"', 30),
      "gclose",
      ({ line }) =>
        (r) =>
          r.path.startsWith("/pkg.") ? { delay: line("^delete") } : {},
    ),
    waits("a timeout of 0 is none", call("h2", '"ping"', 0), "gmsg", grpcAnswer(["pong"])),
    waits("a connection that is refused", call("refused"), "gclose", {}),
    waits("a reset", call("h2"), "gclose", resets),
    waits("a reset in mid body", call("h2"), "gclose", { reset: "mid-body", headers: grpcHeaders, body: [frame("pong").subarray(0, 6)] }),
    waits("a cluster that speaks HTTP/1", call("app"), "gclose", { status: 200, headers: grpcHeaders, body: frame("pong") }),
    { name: "an unknown cluster", script: { rh: call("none"), gclose: look } },
    { name: "a cluster without endpoints", script: { rh: call("empty"), gclose: look } },
    { name: "a full circuit breaker", script: { rh: call("full"), gclose: look } },
    { name: "a bare name that is no cluster", script: { rh: 'grpc_call "ratelimit" "pkg.Service" "Method" {} "x" 100' } },
    { name: "a service that is no protobuf", script: { rh: 'grpc_call "\\xff\\xff" "pkg.Service" "Method" {} "x" 100' } },
    {
      name: "empty names",
      script: { rh: `grpc_call ${service("h2")} "" "" {} "x" 1000`, gclose: look },
      until: "^gclose get_status",
      respond: trailersOnly("12"),
    },
    waits("1,025 pairs of metadata", call("h2", '"x"', 1000, manyPairs(1025, "a", "b")), "gmsg", grpcAnswer([""])),
    {
      name: "metadata with a value that is no header's",
      script: { rh: call("h2", '"x"', 1000, '{"x" = "a\\r\\nb"}'), gclose: look },
      until: "^g",
    },
    ...['":path" = "/other"', '"te" = "x"', '"content-type" = "text/plain"', '"grpc-timeout" = "1S"', '":authority" = "b"'].map((pair) =>
      waits(`metadata with a name that gRPC owns: ${pair}`, call("h2", '"x"', 1000, `{${pair}}`), "gmsg", grpcAnswer([""])),
    ),
    {
      name: "pointers outside the memory",
      script: {
        rh: [
          'grpc_call @4294967040:10 "s" "m" {} "x" 100',
          `grpc_call ${service("h2")} @4294967040:10 "m" {} "x" 100`,
          `grpc_call ${service("h2")} "s" @4294967040:10 {} "x" 100`,
          `grpc_call ${service("h2")} "s" "m" @4294967040:10 "x" 100`,
          `grpc_call ${service("h2")} "s" "m" {} @4294967040:10 100`,
          `grpc_stream @4294967040:10 "s" "m" {}`,
          "grpc_send 6 @4294967040:10 0",
        ].join("\n"),
      },
    },
    {
      name: "tokens that nobody has",
      script: { rh: 'grpc_send 6 "x" 0\ngrpc_cancel 5\ngrpc_close 6\ngrpc_cancel 4\ngrpc_send 5 "x" 1\ngrpc_close 0' },
    },
    {
      name: "tokens count by kind",
      script: {
        rh: `let stream = $ctx\n${call("h2")}\n${call("h2")}\n${stream("h2")} > s\n${stream("h2")} > t\ngrpc_cancel $s\ngrpc_cancel $t\nreturn 1`,
        "gmsg.2": `http_call "app" {":method" = "GET", ":path" = "/side", ":authority" = "a"} "" {} 1000\n${call("h2")}`,
        "gmsg.3": go,
      },
      respond: () => (r) => (r.path.startsWith("/pkg.") ? grpcAnswer(["pong"]) : {}),
    },
    ...["grpc_cancel", "grpc_close"].map((end) => ({
      name: `a call that is ended with ${end} is silent`,
      script: {
        "rh#1": `${call("h2")} > token`,
        "rh#2": `${end} $token\n${end} $token\ngrpc_cancel $token\ngrpc_close $token\ngrpc_send $token "x" 0`,
      },
      respond:
        ({ line }: Running) =>
        (r: { path: string }) =>
          r.path.startsWith("/pkg.") ? { delay: line("^delete", 2), ...grpcAnswer(["pong"]) } : {},
      act: async ({ request, target }: Running) => {
        await request();
        await target.upstream("h2").received();
        await request();
      },
    })),
    {
      name: "a message is sent on a call",
      script: { rh: `let stream = $ctx\n${call("h2")} > token\ngrpc_send $token "more" 0\nreturn 1`, gmsg: go },
      respond: onlyGrpc(grpcAnswer(["pong"])),
    },
    waits(
      "a stream: metadata, messages, metadata, end",
      `${stream("h2", '{"x-a" = "1"}')} > token\ngrpc_send $token "one" 0\ngrpc_send $token "two" 1\nlet x = $ctx`,
      "gclose",
      grpcAnswer(["a", "b"]),
    ),
    waits(
      "a stream that is closed by us still gets its answer",
      `${stream("h2")} > token\ngrpc_send $token "one" 0\ngrpc_close $token\ngrpc_send $token "two" 0\ngrpc_close $token\nlet x = $ctx`,
      "gclose",
      grpcAnswer(["a"]),
    ),
    waits(
      "a stream that fails",
      `${stream("h2")} > token\ngrpc_send $token "" 1\nlet x = $ctx`,
      "gclose",
      trailersOnly("16", { "grpc-message": "who" }),
    ),
    waits(
      "a stream with an empty message to end it",
      `${stream("h2")} > token\ngrpc_send $token "" 1\nlet x = $ctx`,
      "gclose",
      grpcAnswer(["", "b"], "3"),
    ),
    waits("a stream that is reset", `${stream("h2")} > token\ngrpc_send $token "one" 1\nlet x = $ctx`, "gclose", resets),
    waits("a stream whose connection is refused", `${stream("refused")} > token\nlet x = $ctx`, "gclose", {}),
    { name: "a stream to an unknown cluster", script: { rh: stream("none"), ginit: look, gtrail: look, gclose: look } },
    { name: "a stream to a cluster without endpoints", script: { rh: stream("empty"), ginit: look, gtrail: look, gclose: look } },
    { name: "a stream through a full circuit breaker", script: { rh: stream("full"), ginit: look, gtrail: look, gclose: look } },
    {
      name: "a stream that answers before we have ended, and the end that follows",
      script: {
        rh: `let stream = $ctx\n${stream("h2")} > token\ngrpc_send $token "one" 0\nreturn 1`,
        gmsg: `${look}\ngrpc_send $token "two" 1`,
        gclose: `${look}\ngrpc_send $token "three" 0\n${go}`,
      },
      respond: () => (r) => (r.path.startsWith("/pkg.") ? { ...grpcAnswer(["a"]), early: true } : {}),
    },
    {
      name: "a stream that is cancelled in its callback",
      script: {
        rh: `let stream = $ctx\n${stream("h2")} > token\ngrpc_send $token "one" 1\nreturn 1`,
        ginit: `${look}\ngrpc_cancel $token\ngrpc_cancel $token\n${go}`,
        gmsg: look,
        gclose: look,
      },
      respond: onlyGrpc(grpcAnswer(["a"])),
    },
    {
      name: "a stream that is closed in its callback",
      script: {
        rh: `let stream = $ctx\n${stream("h2")} > token\ngrpc_send $token "one" 0\nreturn 1`,
        ginit: `${look}\ngrpc_close $token`,
        gclose: `${look}\n${go}`,
      },
      respond: () => (r) => (r.path.startsWith("/pkg.") ? { ...grpcAnswer(["a"]), early: true } : {}),
    },
    {
      name: "the client left before the answer",
      script: { rh: `${call("h2")}\nreturn 1`, gmsg: look },
      respond:
        ({ line }) =>
        (r) =>
          r.path.startsWith("/pkg.") ? { delay: line("^delete"), ...grpcAnswer(["pong"]) } : {},
      act: async ({ request, target }) => {
        const one = request();
        await target.upstream("h2").received();
        one.abort();
        await one;
      },
      until: "^gmsg get_status",
      ends: 1,
    },
    {
      name: "calls from a timer and from the log",
      script: {
        rh: "set_tick_period_milliseconds 10\nlet stream = $ctx\nreturn 1",
        tick: `set_tick_period_milliseconds 0\n${call("h2", '"tick"')}`,
        log: call("h2", '"log"'),
        "gmsg.1": go,
      },
      respond: () => (r) => (r.path.startsWith("/pkg.") ? grpcAnswer(["pong"]) : {}),
      until: ["^gmsg \\d+ token=", 2],
    },
    {
      name: "the maps and the buffer are not there outside of their callbacks",
      script: { rh: look, "callout.1": `${look}` },
    },
    {
      name: "metadata of an answer cannot be changed",
      script: {
        rh: `let stream = $ctx\n${stream("h2")} > token\ngrpc_send $token "one" 1\nreturn 1`,
        ginit:
          'add_header_map_value 4 "x" "1"\nreplace_header_map_value 4 "x-initial" "1"\nremove_header_map_value 4 "x-initial"\nset_header_map_pairs 4 {"a" = "b"}\nget_header_map_pairs 4',
        gmsg: 'set_buffer_bytes 5 0 0 "x"\nset_buffer_bytes 5 0 1 ""\nget_buffer_bytes 5 0 100\nget_buffer_bytes 5 1 100\nget_buffer_bytes 5 0 1\nget_buffer_bytes 5 9 1',
        gclose: go,
      },
      respond: onlyGrpc(grpcAnswer(["abc"])),
    },
    waits(
      "an HTTP error, to a stream",
      `${stream("h2")} > token\ngrpc_send $token "one" 1\nlet x = $ctx`,
      "gclose",
      onlyGrpc({ status: 500, body: "broken" }),
    ),
    waits(
      "an HTTP error that is a status of gRPC, to a stream",
      `${stream("h2")} > token\ngrpc_send $token "one" 1\nlet x = $ctx`,
      "gclose",
      onlyGrpc({ status: 500, headers: { "grpc-status": "5", "grpc-message": "m" } }),
    ),
    waits(
      "an HTTP 404 without a body, to a stream",
      `${stream("h2")} > token\ngrpc_send $token "one" 1\nlet x = $ctx`,
      "gclose",
      onlyGrpc({ status: 404 }),
    ),
    waits("a message that is compressed, to a stream", `${stream("h2")} > token\ngrpc_send $token "one" 1\nlet x = $ctx`, "gclose", {
      headers: grpcHeaders,
      body: Buffer.from([1, 0, 0, 0, 1, 120]),
      trailers: { "grpc-status": "0" },
    }),
    waits("half a message, to a stream", `${stream("h2")} > token\ngrpc_send $token "one" 1\nlet x = $ctx`, "gclose", {
      headers: grpcHeaders,
      body: Buffer.from([0, 0, 0, 0, 9, 1]),
      trailers: { "grpc-status": "0" },
    }),
    waits("an answer without a grpc-status, to a stream", `${stream("h2")} > token\ngrpc_send $token "one" 1\nlet x = $ctx`, "gclose", {
      headers: grpcHeaders,
      body: frame("pong"),
    }),
    waits("trailers without a grpc-status, to a stream", `${stream("h2")} > token\ngrpc_send $token "one" 1\nlet x = $ctx`, "gclose", {
      headers: grpcHeaders,
      body: frame("pong"),
      trailers: { "x-t": "1" },
    }),
    waits("a reset in mid body, to a stream", `${stream("h2")} > token\ngrpc_send $token "one" 1\nlet x = $ctx`, "gclose", {
      reset: "mid-body",
      headers: grpcHeaders,
      body: [frame("pong").subarray(0, 6)],
    }),
    waits("a reset behind a message, to a stream", `${stream("h2")} > token\ngrpc_send $token "one" 1\nlet x = $ctx`, "gclose", {
      reset: "mid-body",
      headers: grpcHeaders,
      body: [frame("pong")],
    }),
    waits("an HTTP error that is a status of gRPC", call("h2"), "gclose", { status: 500, headers: { "grpc-status": "5" } }),
    waits("trailers without a grpc-status", call("h2"), "gclose", { headers: grpcHeaders, body: frame("pong"), trailers: { "x-t": "1" } }),
    waits("an HTTP 400", call("h2"), "gclose", { status: 400, body: "x" }),
    waits("an HTTP 401", call("h2"), "gclose", { status: 401, body: "x" }),
    waits("an HTTP 403", call("h2"), "gclose", { status: 403, body: "x" }),
    waits("an HTTP 429", call("h2"), "gclose", { status: 429, body: "x" }),
    waits("an HTTP 502", call("h2"), "gclose", { status: 502, body: "x" }),
    waits("an HTTP 503", call("h2"), "gclose", { status: 503, body: "x" }),
    waits("an HTTP 504", call("h2"), "gclose", { status: 504, body: "x" }),
    waits("an HTTP 302", call("h2"), "gclose", { status: 302, body: "x" }),
    waits("an HTTP 204", call("h2"), "gclose", { status: 204 }),
    ...["grpc_close $token", 'grpc_send $token "" 1', "let x = $ctx"].map((last) => ({
      name: `what a token answers when its stream is over: ${last}`,
      script: {
        rh: `let stream = $ctx\n${stream("h2")} > token\n${last}\nreturn 1`,
        gclose: go,
        log: 'grpc_send $token "x" 0\ngrpc_close $token\ngrpc_close $token\ngrpc_cancel $token',
      },
      respond: () => (r: { path: string }) => (r.path.startsWith("/pkg.") ? { ...grpcAnswer(["a"]), early: true } : {}),
    })),
    {
      name: "a stream of a client that left goes on",
      script: { rh: `${stream("h2")} > token\ngrpc_send $token "one" 0\nreturn 1`, delete: 'grpc_send $token "two" 1', gclose: look },
      respond: () => (r) => (r.path.startsWith("/pkg.") ? grpcAnswer(["pong"]) : {}),
      act: async ({ request, line }) => {
        const one = request();
        await line("^rh return");
        one.abort();
        await one;
      },
      until: "^gclose get_status",
      ends: 1,
    },
    {
      name: "two filters of one VM: each root gets its own answers",
      plugins: [
        {
          label: "a",
          script: { rh: `let one = $ctx\n${call("h2", '"a"')}\nreturn 1`, gmsg: "set_effective_context $one\ncontinue_stream 0" },
        },
        {
          label: "b",
          script: { rh: `let two = $ctx\n${call("h2", '"b"')}\nreturn 1`, gmsg: "set_effective_context $two\ncontinue_stream 0" },
        },
      ],
      respond: () => (r) => (r.path.startsWith("/pkg.") ? grpcAnswer(["pong"]) : {}),
    },
    {
      name: "a message of 100 kB",
      script: { rh: `let stream = $ctx\n${call("h2", '"ab" * 50000')}\nreturn 1`, gmsg: `get_buffer_bytes 5 0 200000 ~\n${go}` },
      respond: () => (r) =>
        r.path.startsWith("/pkg.")
          ? {
              headers: grpcHeaders,
              body: [Buffer.from([0, 0, 1, 0x86, 0xa0]), Buffer.alloc(100_000, "x")],
              trailers: { "grpc-status": "0" },
            }
          : {},
    },
    {
      name: "a trap in a callback of gRPC",
      script: { rh: `${call("h2")}\nreturn 1`, gmsg: "trap" },
      request: { timeout: 1_000 },
      respond: onlyGrpc(grpcAnswer(["pong"])),
      ends: 0,
      httpConnectionManager: { stream_idle_timeout: "0.4s" },
    },
  ],
};
