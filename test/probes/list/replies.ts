import { manyPairs } from "../script.ts";
import type { Probe, Topic } from "../types.ts";

const chunked = { method: "POST", body: "0123456789", headers: { "transfer-encoding": "chunked" } };
const reply = (name: string, step: string, over: Partial<Probe> = {}): Probe => ({ name, script: { rh: step }, ...over });
const grpc = { method: "POST", headers: { "content-type": "application/grpc" }, protocol: "h2c" as const, body: "" };

export const replies: Topic = {
  topic: "replies",
  probes: [
    reply("a body brings content-type and content-length", 'send_local_response 403 "why not" "no" {} -1'),
    reply("without a body", 'send_local_response 403 "" "" {} -1'),
    reply(
      "with headers of our own",
      'send_local_response 429 "limited" "slow down" {"X-Why" = "limit", "x-why" = "again", "content-type" = "application/json", "content-length" = "3", "server" = "mine"} -1',
    ),
    reply("details: blanks and line ends become _", 'send_local_response 403 "a b\\r\\nc\\td" "no" {} -1'),
    reply("without details", 'send_local_response 403 "" "no" {} -1'),
    ...[0, 99, 100, 101, 103, 199, 200, 204, 205, 304, 599, 600, 999, 1000, -1].map((code) =>
      reply(`code ${code}`, `send_local_response ${code} "code" "x" {} -1`, { request: { timeout: 1_000 } }),
    ),
    reply("HEAD: only headers", 'send_local_response 403 "head" "no" {} -1', { request: { method: "HEAD" } }),
    reply("HTTP/2", 'send_local_response 403 "h2" "no" {"x-a" = "1"} -1', { request: { protocol: "h2c" } }),
    reply("gRPC with a status of its own", 'send_local_response 403 "grpc" "message here" {"x-a" = "1"} 9', { request: grpc }),
    reply("gRPC with -1: mapped from 429", 'send_local_response 429 "grpc" "too many" {} -1', { request: grpc }),
    reply("a gRPC status for plain HTTP is ignored", 'send_local_response 403 "http" "no" {} 9'),
    reply("1,025 headers: none of them", `send_local_response 403 "many" "no" ${manyPairs(1025, "a", "b")} -1`),
    reply("a malformed block of headers: none", 'send_local_response 403 "bad" "no" "\\x09\\0\\0\\0" -1'),
    reply("a body of 1 MB", 'send_local_response 200 "big" "ab" * 500000 {} -1'),
    reply(
      "reply pointers outside the memory",
      'send_local_response 403 @4294967040:10 "no" {} -1\nsend_local_response 403 "x" @4294967040:10 {} -1\nsend_local_response 403 "x" "no" @4294967040:10 -1',
    ),
    reply("pseudo headers in a reply", 'send_local_response 403 "pseudo" "no" {":status" = "201", ":x" = "1"} -1'),
    {
      name: "our own reply passes sh and sb, where it can be changed",
      script: {
        rh: 'send_local_response 403 "why" "no" {"x-a" = "1"} -1\nget_header_map_pairs 2',
        sh: 'get_header_map_pairs 2\nget_header_map_value 0 ":path"\nget_property "request\\0path"\nadd_header_map_value 2 "x-b" "2"\nreplace_header_map_value 2 ":status" "418"',
        "sb.1": 'get_buffer_bytes 1 0 100\nset_buffer_bytes 1 0 100 "NO"',
      },
    },
    {
      name: "what follows a reply in rh still works",
      script: {
        rh: 'send_local_response 403 "why" "no" {} -1\nget_header_map_value 0 ":path"\nadd_header_map_value 0 "x" "1"\nget_property "response\\0code"\ncontinue_stream 0\nreturn 0',
      },
    },
    {
      name: "a reply and Continue in rh: the upstream is not asked",
      script: { rh: 'send_local_response 403 "why" "no" {} -1\nreturn 0' },
      request: chunked,
    },
    {
      name: "our own reply held in sh and let go by a tick",
      script: {
        rh: 'send_local_response 403 "why" "held" {} -1',
        sh: "let stream = $ctx\nset_tick_period_milliseconds 1\nreturn 1",
        tick: "set_tick_period_milliseconds 0\nset_effective_context $stream\ncontinue_stream 1",
      },
    },
    {
      name: "a reply to our own reply, in sh",
      script: { rh: 'send_local_response 403 "first" "no" {} -1', sh: 'send_local_response 404 "second" "never" {} -1' },
    },
    {
      name: "a reply in rb after chunks have gone upstream",
      request: chunked,
      script: { "rb.2": 'send_local_response 400 "late" "bad" {} -1' },
    },
    {
      name: "a reply in st",
      respond: { body: "hello", trailers: { "x-t": "1" } },
      script: { st: 'send_local_response 403 "late" "no" {} -1' },
    },
    {
      name: "the access log knows code and details in log",
      script: {
        rh: 'send_local_response 403 "my details" "no" {} -1',
        log: 'get_property "response\\0code"\nget_property "response\\0code_details"\nget_property "response\\0flags"\nget_header_map_pairs 2',
      },
    },
    {
      name: "a reply of a native filter behind us passes sh",
      plugins: [
        { script: {} },
        {
          name: "envoy.filters.http.fault",
          typedConfig: {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
            abort: { http_status: 418, percentage: { numerator: 100 } },
          },
        },
      ],
    },
    {
      name: "a reply of a native filter before us: create, log, done, delete",
      plugins: [
        {
          name: "envoy.filters.http.fault",
          typedConfig: {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
            abort: { http_status: 418, percentage: { numerator: 100 } },
          },
        },
        { script: {} },
      ],
    },
    {
      name: "close_stream in rh, seen in log",
      script: {
        rh: 'close_stream 0\nget_header_map_value 0 ":path"',
        log: 'get_property "response\\0code"\nget_property "response\\0code_details"\nget_property "response\\0flags"',
      },
    },
    { name: "close_stream over HTTP/2", request: { protocol: "h2c" }, script: { rh: "close_stream 0" } },
    { name: "close_stream in sh over HTTP/2", request: { protocol: "h2c" }, script: { sh: "close_stream 1" } },
  ],
};
