import fc from "fast-check";

/** What a script can do, as arbitraries of one step. Values come from short lists: what matters is which calls meet. */
type Step = fc.Arbitrary<string>;

const pick = <T>(...values: T[]) => fc.constantFrom(...values);
const quoted = (text: string) => `"${text}"`;

const requestNames = pick(
  ...["x-a", "X-A", "x-b", "accept", "cookie", "content-type", "via", "user-agent", "x-forwarded-for", "te", "referer", "host"],
);
const responseNames = pick("x-a", "X-A", "x-b", "vary", "set-cookie", "content-type", "server", "etag", "location", "via", "cache-control");
const values = pick("1", "", "a,b", "two words", "\\xff");

/** `:path` and its like, with values that a request survives or does not. */
const requestPseudo = pick(
  ...['":path" "/other?q=1"', '":authority" "other"', '":method" "POST"', '":method" "HEAD"', '":scheme" "https"', '"host" "second"'],
);
const responsePseudo = pick('":status" "201"', '":status" "503"', '":status" "abc"', '":status" "404"');

const requestSets = pick(
  '{":method" = "GET", ":path" = "/set", ":authority" = "set", "x-forwarded-proto" = "http", "x-s" = "1", "x-s" = "2"}',
  '{":method" = "GET", ":path" = "/set", ":authority" = "set"}',
  '{"x-only" = "1"}',
  '{"x-forwarded-proto" = "http", "accept" = "1", "accept" = "2", "X-Upper" = "1", ":path" = "/late", ":method" = "GET"}',
);
const responseSets = pick(
  '{":status" = "202", "x-s" = "1", "vary" = "a", "vary" = "b"}',
  '{"x-only" = "1"}',
  '{"x-s" = "1", ":status" = "200"}',
);

/** Reads and edits of a map. */
function map(type: number): Step {
  const request = type < 2;
  const name = (request ? requestNames : responseNames).map(quoted);
  const pseudo = type === 0 ? requestPseudo : type === 2 ? responsePseudo : fc.constant('"x-t" "9"');
  const sets = type === 0 ? requestSets : type === 2 ? responseSets : fc.constant('{"x-set" = "1"}');
  const pair = fc.tuple(name, values.map(quoted)).map((both) => both.join(" "));
  return fc.oneof(
    { arbitrary: pair.map((both) => `add_header_map_value ${type} ${both}`), weight: 4 },
    { arbitrary: pair.map((both) => `replace_header_map_value ${type} ${both}`), weight: 4 },
    { arbitrary: name.map((one) => `remove_header_map_value ${type} ${one}`), weight: 3 },
    { arbitrary: pick('"content-length"', '"transfer-encoding"').map((one) => `remove_header_map_value ${type} ${one}`), weight: 2 },
    { arbitrary: pseudo.map((both) => `replace_header_map_value ${type} ${both}`), weight: 2 },
    { arbitrary: pseudo.map((both) => `add_header_map_value ${type} ${both}`), weight: 1 },
    { arbitrary: pseudo.map((both) => `remove_header_map_value ${type} ${both.split(" ")[0]}`), weight: 1 },
    { arbitrary: sets.map((block) => `set_header_map_pairs ${type} ${block}`), weight: 1 },
    { arbitrary: fc.constant(`get_header_map_pairs ${type}`), weight: 3 },
    { arbitrary: name.map((one) => `get_header_map_value ${type} ${one}`), weight: 1 },
  );
}

function body(type: 0 | 1): Step {
  return fc.oneof(
    fc
      .tuple(pick(0, 0, 0, 3, 1000), pick(0, 2, 1000), pick('"[new]"', '""', '"x" * 300'))
      .map(([start, size, bytes]) => `set_buffer_bytes ${type} ${start} ${size} ${bytes}`),
    pick(`get_buffer_bytes ${type} 0 400`, `get_buffer_bytes ${type} 2 3`, `get_buffer_status ${type}`),
  );
}

const properties: Step = fc.oneof(
  pick("request\\0path", "request\\0method", "request\\0host", "request\\0size", "request\\0headers", "request\\0query").map(
    (path) => `get_property "${path}"`,
  ),
  pick("response\\0code", "response\\0code_details", "response\\0flags", "response\\0grpc_status", "response\\0size").map(
    (path) => `get_property "${path}"`,
  ),
  pick("request\\0total_size", "response\\0headers", "response\\0trailers", "request\\0duration", "response\\0backend_latency").map(
    (path) => `get_property "${path}" ~`,
  ),
  pick("xds\\0cluster_name", "xds\\0route_name", "upstream\\0address", "upstream\\0request_attempt_count", "own", "connection\\0mtls").map(
    (path) => `get_property "${path}"`,
  ),
  pick("1", "", "22").map((value) => `set_property "own" "${value}"`),
);

/** State that outlives the callback: shared data, metrics. `METRIC` becomes a name of the case's own. */
const state: Step = pick(
  'get_shared_data "k"',
  'set_shared_data "k" "v" 0',
  'set_shared_data "k" "w" 4294967295',
  'define_metric 0 "METRIC.c" > m\nincrement_metric $m 2\nget_metric $m',
  'define_metric 1 "METRIC.g" > m\nrecord_metric $m 7\nincrement_metric $m -9\nget_metric $m',
  "set_effective_context 99",
  "set_effective_context $root",
  "set_effective_context $ctx",
);

/** What ends a stream, moves it, or breaks the VM. */
const replies: Step = fc
  .tuple(
    pick(200, 403, 404, 429, 503, 204, 304),
    pick('""', '"no"', '"not, 100%"'),
    pick("{}", '{"x-r" = "1", "content-type" = "a/b"}'),
    pick(-1, 9),
  )
  .map(([code, text, headers, grpc]) => `send_local_response ${code} "a reply" ${text} ${headers} ${grpc}`);

/** Any call that leaves the stream where it is. */
export const harmless: Step = fc.oneof(
  { arbitrary: map(0), weight: 6 },
  { arbitrary: map(2), weight: 6 },
  { arbitrary: fc.oneof(map(1), map(3)), weight: 3 },
  { arbitrary: fc.oneof(body(0), body(1)), weight: 3 },
  { arbitrary: properties, weight: 4 },
  { arbitrary: state, weight: 2 },
);

/** Those that fit a phase, most of the time. */
export function fitting(phase: string): Step {
  const own: Record<string, Step> = {
    rh: map(0),
    rb: fc.oneof(body(0), map(1)),
    rt: map(1),
    sh: map(2),
    sb: fc.oneof(body(1), map(3)),
    st: map(3),
  };
  const matching = own[phase];
  return matching ? fc.oneof({ arbitrary: matching, weight: 3 }, { arbitrary: harmless, weight: 2 }) : harmless;
}

/** A step that moves the stream. Continuing a response that has no headers is left to `list/fatal.ts`: it crashes Envoy whatever surrounds it. */
export function moving(phase: string): Step {
  const going =
    phase === "rh" || phase === "rb" || phase === "rt" ? pick("continue_stream 0") : pick("continue_stream 0", "continue_stream 1");
  return fc.oneof(
    { arbitrary: replies, weight: 6 },
    { arbitrary: pick("close_stream 0", "close_stream 1"), weight: 1 },
    { arbitrary: going, weight: 2 },
    { arbitrary: fc.constant("trap"), weight: 1 },
  );
}
