import type { ConfigObject } from "../../../harness/index.ts";
import type { Topic } from "../types.ts";

const direct = (name: string, match: ConfigObject): ConfigObject => ({
  name,
  match,
  direct_response: { status: 200, body: { inline_string: name } },
});
const routes = [
  direct("by-header", { prefix: "/", headers: [{ name: "x-route", string_match: { exact: "b" } }] }),
  direct("by-path", { prefix: "/other" }),
  { name: "default", match: { prefix: "/" }, route: { cluster: "app" } },
];
const read = 'get_property "xds\\0route_name"\nget_property "xds\\0cluster_name"';

export const routing: Topic = {
  topic: "routing",
  probes: [
    {
      name: "a header that is added picks the route anew",
      routes,
      script: { rh: `${read}\nadd_header_map_value 0 "x-route" "b"\n${read}`, sh: read },
    },
    {
      name: "a path that is replaced picks the route anew",
      routes,
      script: { rh: `${read}\nreplace_header_map_value 0 ":path" "/other"\n${read}`, sh: read },
    },
    {
      name: "a header that is removed picks the route anew",
      routes,
      request: { headers: { "x-route": "b" } },
      script: { rh: `${read}\nremove_header_map_value 0 "x-route"\n${read}`, sh: read },
    },
    {
      name: "with clear_route_cache",
      routes,
      script: { rh: `add_header_map_value 0 "x-route" "b"\ncall_foreign_function "clear_route_cache" ""\n${read}`, sh: read },
    },
    {
      name: "after the first filter's change, the second sees the new route",
      routes,
      plugins: [
        { label: "a", script: { rh: `${read}\nadd_header_map_value 0 "x-route" "b"` } },
        { label: "b", script: { rh: read } },
      ],
    },
    {
      name: "changed from a tick while paused",
      routes,
      script: {
        rh: `${read}\nlet stream = $ctx\nset_tick_period_milliseconds 1\nreturn 1`,
        tick: `set_tick_period_milliseconds 0\nset_effective_context $stream\nadd_header_map_value 0 "x-route" "b"\n${read}\ncontinue_stream 0`,
      },
    },
    {
      name: "cluster_header",
      routes: [{ match: { prefix: "/" }, route: { cluster_header: "x-cluster" } }],
      script: { rh: `add_header_map_value 0 "x-cluster" "app"\n${read}`, sh: read },
    },
    {
      name: "cluster_header with an unknown cluster",
      routes: [{ match: { prefix: "/" }, route: { cluster_header: "x-cluster" } }],
      script: { rh: 'add_header_map_value 0 "x-cluster" "none"' },
    },
    {
      name: "a route's own request headers come after us",
      routes: [
        {
          match: { prefix: "/" },
          route: { cluster: "app" },
          request_headers_to_add: [{ header: { key: "x-route", value: "1" } }],
          response_headers_to_add: [{ header: { key: "x-back", value: "1" } }],
        },
      ],
      script: { rh: "get_header_map_pairs 0", sh: "get_header_map_pairs 2" },
    },
    {
      name: "a prefix that is rewritten",
      routes: [{ match: { prefix: "/a" }, route: { cluster: "app", prefix_rewrite: "/b" } }],
      request: { path: "/a/1" },
      script: { rh: 'get_property "request\\0path"', log: 'get_property "request\\0path"' },
    },
  ],
};
