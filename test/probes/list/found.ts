import type { Topic } from "../types.ts";

const chunked = { method: "POST", body: "0123456789", headers: { "transfer-encoding": "chunked" } };
const h2 = [{ match: { prefix: "/" }, route: { cluster: "h2" } }];
const withLength = { headers: { "content-length": "5" }, body: "hello" };

/** What random filters (`fuzz/`) found the host to do otherwise, made small; below, rules that no other probe noticed when they were changed. */
export const found: Topic = {
  topic: "found",
  probes: [
    {
      name: "new trailers behind an announced length: dropped over HTTP/1",
      respond: withLength,
      script: { "sb.2": 'add_header_map_value 3 "x-t" "1"' },
    },
    {
      name: "new trailers behind an announced length: sent over HTTP/2",
      respond: withLength,
      request: { protocol: "h2c" },
      script: { "sb.2": 'add_header_map_value 3 "x-t" "1"' },
    },
    {
      name: "a filter makes it HEAD: a reply still has its body",
      script: { rh: 'replace_header_map_value 0 ":method" "HEAD"', sh: 'send_local_response 403 "why" "no" {} -1' },
    },
    {
      name: "a filter takes away HEAD: a reply still has none",
      request: { method: "HEAD" },
      script: { rh: 'replace_header_map_value 0 ":method" "GET"\nsend_local_response 403 "why" "no" {} -1' },
    },
    {
      name: "a filter takes away the gRPC content-type: the reply is one of gRPC",
      request: { ...chunked, headers: { "content-type": "application/grpc", "transfer-encoding": "chunked" } },
      script: { rh: 'remove_header_map_value 0 "content-type"\nsend_local_response 403 "why" "no" {} 9' },
    },
    {
      name: "a filter makes it gRPC: the reply is a plain one",
      script: { rh: 'replace_header_map_value 0 "content-type" "application/grpc"\nsend_local_response 403 "why" "no" {} 9' },
    },
    ...[400, 403].map((code) => ({
      name: `a reply of ${code} when the whole request is there`,
      request: chunked,
      script: { "rb.2": `send_local_response ${code} "late" "no" {} -1` },
    })),
    { name: "a reply of 400 to a request without a body", script: { rh: 'send_local_response 400 "bad" "no" {} -1' } },
    { name: "an HTTP/2 upstream resets the stream", routes: h2, respond: { reset: "before-headers" }, script: {} },
    { name: "an HTTP/2 upstream gets no authority", routes: h2, script: { rh: 'remove_header_map_value 0 ":authority"' } },
    {
      name: "an HTTP/2 upstream gets an authority that is none",
      routes: h2,
      script: { rh: 'replace_header_map_value 0 ":authority" "\\xff"' },
    },
    { name: "an HTTP/2 upstream gets another te", routes: h2, script: { rh: 'add_header_map_value 0 "te" "gzip"' } },
    {
      name: "an HTTP/2 upstream gets te in trailers",
      routes: h2,
      request: chunked,
      script: { "rb.2": 'add_header_map_value 1 "te" "gzip"' },
    },
    ...['remove_header_map_value 0 ":scheme"', 'replace_header_map_value 0 ":scheme" "ftp"'].map((step, i) => ({
      name: `a scheme that is missing or wrong is written again (${i + 1})`,
      routes: h2,
      script: { rh: `${step}\nreplace_header_map_value 0 "x-forwarded-proto" "https"`, log: "get_header_map_pairs 0" },
    })),
    {
      name: "HTTP/2: cookies come behind all other headers",
      request: {
        protocol: "h2c",
        headers: [
          ["cookie", "a=1"],
          ["x-b", "2"],
        ],
      },
      script: { rh: "get_header_map_pairs 0" },
    },
    { name: "HEAD without a length", request: { method: "HEAD" }, respond: { headers: { "transfer-encoding": "chunked" } }, script: {} },
    {
      name: "HTTP/2: an answer that is shorter than announced",
      respond: withLength,
      request: { protocol: "h2c" },
      script: { "sb.1": 'set_buffer_bytes 1 0 100 "s"' },
    },
    {
      name: "a client that has all bytes does not see the reset behind them",
      respond: withLength,
      script: { "sb.2": 'send_local_response 503 "late" "no" {} -1' },
    },
    {
      name: "new request trailers behind an announced length: dropped over HTTP/1",
      request: { method: "POST", body: "0123456789" },
      script: { "rb.2": 'add_header_map_value 1 "x-t" "1"' },
    },
    {
      name: "the last buffer type cannot be set",
      script: { rh: 'set_buffer_bytes 8 0 0 "x"\nget_buffer_status 8\nget_buffer_bytes 8 0 9' },
    },
    {
      name: "the size of a request whose content-length is no number",
      script: {
        rh: 'replace_header_map_value 0 "content-length" "abc"\nget_property "request\\0size"\nreplace_header_map_value 0 "content-length" "12"\nget_property "request\\0size"\nremove_header_map_value 0 "content-length"',
      },
    },
    {
      name: "replace and add: pointers outside the memory",
      script: {
        rh: 'replace_header_map_value 0 @4294967040:10 "x"\nreplace_header_map_value 0 "x" @4294967040:10\nadd_header_map_value 0 "x" @4294967040:10\nremove_header_map_value 0 @4294967040:10',
      },
    },
    {
      name: "a request that is held in its trailers is whole: 504 when it idles",
      request: { ...chunked, trailers: { "x-t": "1" } },
      httpConnectionManager: { stream_idle_timeout: "0.4s" },
      script: { rt: "return 1" },
    },
    {
      name: "a request that is held in its body callback is not whole",
      request: { ...chunked, trailers: { "x-t": "1" } },
      httpConnectionManager: { request_timeout: "0.3s" },
      script: { rh: "return 1" },
    },
    {
      name: "after a reply in rt its trailers stay within reach",
      request: { ...chunked, trailers: { "x-t": "1" } },
      script: {
        rt: 'send_local_response 403 "why" "no" {} -1',
        sh: 'get_header_map_pairs 1\nadd_header_map_value 1 "x-u" "1"',
        log: 'add_header_map_value 1 "x-v" "1"',
      },
    },
    {
      name: "continue_stream of the request while its reply is on its way: ignored",
      plugins: [
        { label: "a", script: { rt: 'send_local_response 403 "why" "no" {} -1', sh: "continue_stream 0" } },
        { label: "b", script: {} },
      ],
      request: { ...chunked, trailers: { "x-t": "1" } },
    },
    ...[100, 101].map((count) => ({
      name: `a request of ${count} headers, host among them`,
      request: { headers: Object.fromEntries(Array.from({ length: count - 1 }, (_, i) => [`x-${i}`, "1"])) },
      script: { rh: "get_header_map_size 0" },
    })),
    {
      name: "a reply without a body has neither content-length nor content-type, whatever the filter says",
      script: { rh: 'send_local_response 403 "why" "" {"content-length" = "3", "content-type" = "a/b"} -1' },
    },
    {
      name: "a gRPC reply has no content-length",
      request: { method: "POST", headers: { "content-type": "application/grpc" }, protocol: "h2c" as const, body: "" },
      script: { rh: 'send_local_response 403 "why" "no" {"content-length" = "3"} -1' },
    },
    {
      name: "the answer of a callout is gone when its callback is over",
      script: {
        rh: 'let stream = $ctx\nhttp_call "app" {":method" = "GET", ":path" = "/side", ":authority" = "side"} "" {} 1000\nreturn 1',
        callout: 'get_header_map_value 6 ":status"\nset_tick_period_milliseconds 1',
        tick: 'get_header_map_value 6 ":status"\nget_header_map_size 6\nget_buffer_bytes 4 0 9\nset_tick_period_milliseconds 0\nset_effective_context $stream\ncontinue_stream 0',
      },
    },
    ...[1_048_576, 1_048_577].map((size) => ({
      name: `a block of pairs of ${size} bytes`,
      script: {
        // One pair: number, two lengths, a name of one byte and the value, each with a zero behind it.
        sh: `set_header_map_pairs 2 "\\x01\\0\\0\\0\\x01\\0\\0\\0${little(size - 15)}k\\0" + "a" * ${size - 15} + "\\0"\nget_header_map_size 2\nset_header_map_pairs 2 {":status" = "200"}`,
      },
    })),
    {
      name: "request_timeout does not count the time of the upstream",
      httpConnectionManager: { request_timeout: "0.3s" },
      respond: { delay: "500ms" },
      script: {},
    },
    {
      name: "a body that is let go and not buffered: its end is delivered",
      request: chunked,
      plugins: [
        {
          label: "a",
          script: {
            rh: "let stream = $ctx",
            "rb.1": "return 3",
            "rb.2": "set_tick_period_milliseconds 1\nreturn 3",
            tick: "set_tick_period_milliseconds 0\nset_effective_context $stream\ncontinue_stream 0",
          },
        },
        { label: "b", script: {} },
      ],
    },
  ],
};

/** A 32-bit number as the script writes bytes. */
function little(value: number): string {
  return [0, 8, 16, 24].map((shift) => `\\x${((value >>> shift) & 0xff).toString(16).padStart(2, "0")}`).join("");
}
