import { manyPairs } from "../script.ts";
import type { Probe, Topic } from "../types.ts";

const pairs = "get_header_map_pairs 0";
const rh = (name: string, steps: string, over: Partial<Probe> = {}): Probe => ({ name, script: { rh: steps }, ...over });
const sh = (name: string, steps: string, over: Partial<Probe> = {}): Probe => ({ name, script: { sh: steps }, ...over });
const twice = {
  request: {
    headers: [
      ["x-a", "one"],
      ["X-A", "two"],
      ["x-b", "b"],
    ] as const,
  },
};

const pseudo = [":path", ":method", ":authority", ":scheme", "x-forwarded-proto", "host", "x-request-id"];

export const headers: Topic = {
  topic: "headers",
  probes: [
    rh(
      "a header is found in any case, the first of several values; an absent one is 1, an empty one 0 and null",
      `get_header_map_value 0 "x-a"
       get_header_map_value 0 "X-A"
       get_header_map_value 0 "x-b"
       get_header_map_value 0 "x-empty"
       get_header_map_value 0 "host"
       get_header_map_value 0 ":AUTHORITY"
       get_header_map_value 0 ""
       ${pairs}
       get_header_map_size 0`,
      {
        request: {
          headers: [
            ["x-a", "one"],
            ["X-A", "two"],
            ["x-empty", ""],
          ],
        },
      },
    ),
    rh("replace removes all values and appends one", `replace_header_map_value 0 "X-A" "three"\n${pairs}`, twice),
    rh("replace creates a header that is absent, an empty one too", `replace_header_map_value 0 "X-New" ""\n${pairs}`, twice),
    rh("add appends a pair and lowers the name", `add_header_map_value 0 "X-B" "c"\n${pairs}\nget_header_map_value 0 "x-b"`, twice),
    rh(
      "remove takes all values, and an absent header is fine",
      `remove_header_map_value 0 "X-A"\nremove_header_map_value 0 "x-none"\n${pairs}`,
      twice,
    ),
    rh("a header with an empty name goes through", `add_header_map_value 0 "" "v"\nget_header_map_value 0 ""\n${pairs}`),
    rh(
      "set_header_map_pairs replaces everything, in its order",
      `set_header_map_pairs 0 {"x-1" = "1", ":path" = "/set", ":method" = "PUT", ":authority" = "set", "X-2" = "2", "x-1" = "3", "x-forwarded-proto" = "http", ":scheme" = "http"}\n${pairs}`,
    ),
    ...["the bytes 0x80 to 0xff", "a NUL", "CR LF", "a DEL"].map((what, i) => {
      const value = ['"\\x80\\xff"', '"a\\0b"', '"a\\r\\nx-injected: 1"', '"a\\x7fb"'][i];
      return rh(`${what} in a request header`, `replace_header_map_value 0 "x-odd" ${value}\nget_header_map_value 0 "x-odd"`);
    }),
    rh("a name with blanks in a request", 'add_header_map_value 0 "bad name" "1"'),
    ...pseudo.map((name) => rh(`removing ${name}`, `remove_header_map_value 0 "${name}"\n${pairs}`)),
    ...pseudo.map((name) => rh(`replacing ${name}`, `replace_header_map_value 0 "${name}" "/other"\n${pairs}`)),
    ...pseudo.map((name) =>
      rh(`adding another ${name}`, `add_header_map_value 0 "${name}" "/other"\n${pairs}\nget_header_map_value 0 "${name}"`),
    ),
    ...[
      ":protocol",
      ":status",
      ":unknown",
      "content-length",
      "transfer-encoding",
      "connection",
      "upgrade",
      "te",
      "expect",
      "accept-encoding",
      "cookie",
      "x-forwarded-for",
      "user-agent",
      "grpc-timeout",
    ].map((name) =>
      rh(`adding ${name} to a request`, `add_header_map_value 0 "${name}" "7"\nget_header_map_value 0 "${name}"`, {
        request: { timeout: 1_000 },
      }),
    ),
    rh(
      "adding x-envoy-upstream-rq-timeout-ms to a request",
      'add_header_map_value 0 "x-envoy-upstream-rq-timeout-ms" "7000"\nget_header_map_value 0 "x-envoy-upstream-rq-timeout-ms"',
    ),
    rh(
      "adding to inline headers that are there joins the values",
      `add_header_map_value 0 "user-agent" "b"\nadd_header_map_value 0 "accept" "b"\nadd_header_map_value 0 "cookie" "c=2"\nadd_header_map_value 0 "x-forwarded-for" "1.2.3.4"\nadd_header_map_value 0 "via" "b"\nadd_header_map_value 0 "referer" "b"\nadd_header_map_value 0 "content-type" "b"\n${pairs}`,
      {
        request: {
          headers: {
            "user-agent": "a",
            accept: "a",
            cookie: "a=1",
            "x-forwarded-for": "9.9.9.9",
            via: "a",
            referer: "a",
            "content-type": "a",
          },
        },
      },
    ),
    rh("cookies over HTTP/1 stay apart", pairs, {
      request: {
        headers: [
          ["cookie", "a=1"],
          ["cookie", "b=2"],
        ],
      },
    }),
    rh("cookies over HTTP/2 are joined", pairs, {
      request: {
        protocol: "h2c",
        headers: [
          ["cookie", "a=1"],
          ["cookie", "b=2"],
        ],
      },
    }),
    rh("HTTP/2 headers", `${pairs}\nget_header_map_size 0`, { request: { protocol: "h2c", headers: { "x-a": ["1", "2"] } } }),
    rh("two Host headers are joined", pairs, {
      request: {
        headers: [
          ["host", "a"],
          ["host", "b"],
        ],
      },
    }),
    rh("an absolute URI", pairs, { request: { path: "http://uri.example:81/p?q=1", headers: { host: "other" } } }),
    rh("1,024 pairs from the guest are taken", `set_header_map_pairs 0 ${manyPairs(1024, "a", "b")}\nget_header_map_size 0`),
    rh("1,025 pairs from the guest are taken for none", `set_header_map_pairs 0 ${manyPairs(1025, "a", "b")}\nget_header_map_size 0`),
    rh("an empty block, and bytes that are no block", `set_header_map_pairs 0 ""\n${pairs}`),
    rh(
      "a block that is cut off is taken for none",
      `set_header_map_pairs 0 "\\x01\\0\\0\\0\\x03\\0\\0\\0\\x05\\0\\0\\0abc\\0de"\n${pairs}`,
    ),
    rh(
      "a block with bytes left over",
      `set_header_map_pairs 0 {":path" = "/x", ":method" = "GET", ":authority" = "a", "x-forwarded-proto" = "http"} + "rest"\n${pairs}`,
    ),
    rh("a count that is too high", `set_header_map_pairs 0 "\\x09\\0\\0\\0\\x01\\0\\0\\0\\x01\\0\\0\\0a\\0b\\0"\n${pairs}`),
    rh("a block of 1 MiB and more", `set_header_map_pairs 0 {"x" = "1"} + "a" * 1048577\nget_header_map_size 0`),
    rh("a header of 200 kB is sent", 'add_header_map_value 0 "x-large" "a" * 200000'),
    {
      name: "1,100 headers in are read in full",
      script: { rh: "get_header_map_pairs 0" },
      httpConnectionManager: { generate_request_id: false, common_http_protocol_options: { max_headers_count: 2000 } },
      request: { headers: Array.from({ length: 1100 }, (_, i) => [`x-${i}`, "v"] as const) },
    },
    {
      name: "101 headers in are too many: rh is not called",
      script: {},
      request: { headers: Array.from({ length: 101 }, (_, i) => [`x-${i}`, "v"] as const) },
    },
    rh(
      "map numbers",
      [0, 1, 2, 3, 4, 5, 6, 7, 8, -1]
        .map(
          (map) =>
            `get_header_map_value ${map} "x"\nget_header_map_pairs ${map}\nget_header_map_size ${map}\nadd_header_map_value ${map} "x" "1"`,
        )
        .join("\n"),
    ),
    sh(
      "response headers read and written",
      `get_header_map_pairs 2\nget_header_map_size 2\nget_header_map_value 2 ":status"\nget_header_map_value 2 "X-R"\nreplace_header_map_value 2 "x-r" "3"\nadd_header_map_value 2 "X-New" "1"\nremove_header_map_value 2 "server"\nget_header_map_pairs 2`,
      {
        respond: {
          headers: [
            ["x-r", "1"],
            ["X-R", "2"],
            ["content-length", "2"],
          ],
          body: "ok",
        },
      },
    ),
    ...["207", "204", "304", "100", "99", "600", "1000", "abc", ""].map((status) =>
      sh(`:status "${status}" in a response`, `replace_header_map_value 2 ":status" "${status}"\nget_header_map_value 2 ":status"`, {
        request: { timeout: 1_000 },
      }),
    ),
    sh("removing :status", 'remove_header_map_value 2 ":status"'),
    sh("adding another :status", 'add_header_map_value 2 ":status" "201"\nget_header_map_value 2 ":status"'),
    sh(
      "set_header_map_pairs of a response",
      'set_header_map_pairs 2 {"x-1" = "1", ":status" = "202", "x-2" = "2"}\nget_header_map_pairs 2',
    ),
    sh("set_header_map_pairs without :status", 'set_header_map_pairs 2 {"x-1" = "1"}'),
    sh("1,025 pairs leave an empty map", `set_header_map_pairs 2 ${manyPairs(1025, "a", "b")}`),
    sh(
      "request headers written in the response are refused",
      'add_header_map_value 0 "x" "1"\nreplace_header_map_value 0 "x" "1"\nremove_header_map_value 0 "x"\nset_header_map_pairs 0 {"x" = "1"}\nget_header_map_value 0 ":path"\nget_header_map_pairs 0\nget_header_map_size 0',
    ),
    sh(
      "bytes that are not valid reach an HTTP/1 client",
      'add_header_map_value 2 "x-c" "a\\r\\nx-inj: 1"\nadd_header_map_value 2 "x-high" "\\x80\\xff"',
    ),
    sh("a name with blanks in a response", 'add_header_map_value 2 "bad name" "1"'),
    sh("a header of 70 kB in a response", 'add_header_map_value 2 "x-large" "a" * 70000'),
    sh("content-length removed", 'remove_header_map_value 2 "content-length"'),
    sh(
      "transfer-encoding, connection and date added",
      'add_header_map_value 2 "connection" "close"\nreplace_header_map_value 2 "date" "today"\nadd_header_map_value 2 "server" "mine"',
    ),
  ],
};
