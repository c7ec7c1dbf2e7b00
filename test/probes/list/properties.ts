import type { ConfigObject } from "../../../harness/index.ts";
import type { Topic } from "../types.ts";

const get = (paths: readonly string[], flag = "") =>
  paths.map((path) => `get_property "${path.replaceAll(".", "\\0")}" ${flag}`).join("\n");
const volatile = [
  "request.time",
  "request.duration",
  "request.id",
  "response.backend_latency",
  "source.address",
  "source.port",
  "destination.address",
  "destination.port",
  "connection.id",
  "connection_id",
  "upstream.address",
  "upstream.port",
  "upstream.local_address",
  "upstream.cx_pool_ready_duration",
];
const request = [
  "path",
  "url_path",
  "query",
  "host",
  "scheme",
  "method",
  "referer",
  "useragent",
  "protocol",
  "size",
  "total_size",
  "none",
].map((name) => `request.${name}`);
const response = ["code", "code_details", "flags", "grpc_status", "size", "total_size", "none"].map((name) => `response.${name}`);
const connection = [
  "mtls",
  "requested_server_name",
  "tls_version",
  "subject_local_certificate",
  "subject_peer_certificate",
  "uri_san_local_certificate",
  "uri_san_peer_certificate",
  "dns_san_local_certificate",
  "dns_san_peer_certificate",
  "sha256_peer_certificate_digest",
  "termination_details",
  "transport_failure_reason",
  "none",
].map((name) => `connection.${name}`);
const upstream = [
  "transport_failure_reason",
  "request_attempt_count",
  "tls_version",
  "uri_san_peer_certificate",
  "subject_peer_certificate",
  "none",
].map((name) => `upstream.${name}`);
const xds = [
  "cluster_name",
  "cluster_metadata",
  "route_name",
  "route_metadata",
  "virtual_host_name",
  "virtual_host_metadata",
  "upstream_host_metadata",
  "listener_direction",
  "listener_metadata",
  "filter_chain_name",
  "listener_name",
  "node.id",
  "node.cluster",
  "none",
].map((name) => `xds.${name}`);
const flat = [
  "plugin_name",
  "plugin_root_id",
  "plugin_vm_id",
  "node.id",
  "node",
  "cluster_name",
  "route_name",
  "listener_direction",
  "route_metadata",
  "cluster_metadata",
  "listener_metadata",
  "upstream_host_metadata",
];
const bare = ["source", "destination", "request", "response", "connection", "upstream", "xds", "filter_state", "metadata", "wasm", ""];
const maps = ["request.headers", "response.headers", "response.trailers"];
const header = [
  "request.headers.x-a",
  "request.headers.X-A",
  "request.headers.none",
  "response.headers.x-r",
  "response.headers.X-R",
  "response.trailers.x-end",
];

export const everything: Record<string, string> = {
  "request and response": `${get(request)}\n${get(response)}\n${get(maps, "%")}\n${get(header)}`,
  connection: get(connection),
  upstream: get(upstream),
  xds: get(xds),
  "flat names": get(flat),
  "a bare first part": get(bare),
  "what changes from run to run": get(volatile, "~"),
};
/** An exchange that has something of everything. */
export const rich = {
  request: {
    method: "POST",
    path: "/a/b?q=1&r=2",
    body: "upload",
    headers: [
      ["x-a", "1"],
      ["x-a", "2"],
      ["referer", "from"],
      ["user-agent", "probe"],
    ],
    trailers: { "x-tail": "1" },
  },
  respond: {
    headers: [
      ["x-r", "1"],
      ["x-r", "2"],
    ],
    body: "hello",
    trailers: { "x-end": "1" },
  },
} as const;
const sections = ["rh", "rb.1", "rt", "sh", "sb.1", "st", "log", "done"];
const route: ConfigObject = {
  name: "my-route",
  match: { prefix: "/" },
  route: { cluster: "app" },
  metadata: { filter_metadata: { "my.ns": { s: "text", n: 1.5, b: true, list: ["a", 2], struct: { k: "v" }, nothing: null } } },
};
const set = (key: string, value: ConfigObject) => ({ metadata_namespace: key, value });
const filterState = (name: string, key: string, text: string) => ({
  name,
  typedConfig: {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config",
    on_request_headers: [{ object_key: key, factory_key: "envoy.string", format_string: { text_format_source: { inline_string: text } } }],
  },
});
const part = (...parts: string[]) => `"${parts.join("\\0")}"`;

export const properties: Topic = {
  topic: "properties",
  probes: [
    ...sections.flatMap((section) =>
      Object.entries(everything).map(([what, steps]) => ({
        name: `${section}: ${what}`,
        ...rich,
        script: { [section]: steps },
      })),
    ),
    ...Object.entries(everything).map(([what, steps]) => ({ name: `configure: ${what}`, script: { configure: steps } })),
    ...Object.entries(everything).map(([what, steps]) => ({
      name: `a tick of the root: ${what}`,
      script: { configure: "set_tick_period_milliseconds 1", tick: `set_tick_period_milliseconds 0\n${steps}` },
      until: "^tick",
    })),
    {
      name: "changed headers show at once",
      script: {
        rh: `replace_header_map_value 0 ":path" "/new?x=1"\nreplace_header_map_value 0 ":authority" "new"\nreplace_header_map_value 0 ":method" "PUT"\nadd_header_map_value 0 "x" "1"\n${get(["request.path", "request.url_path", "request.query", "request.host", "request.method", "request.headers.x"])}`,
      },
    },
    {
      name: "metadata of a route, by fields",
      routes: [route],
      script: {
        rh:
          ["s", "n", "b", "list", "struct", "nothing", "none"]
            .map((key) => `get_property ${part("xds", "route_metadata", "filter_metadata", "my.ns", key)} %`)
            .join("\n") +
          `\nget_property ${part("xds", "route_metadata", "filter_metadata", "my.ns", "struct", "k")}\nget_property ${part("xds", "route_metadata", "filter_metadata", "my.ns", "list", "0")}\nget_property ${part("xds", "route_metadata", "filter_metadata", "none")}\nget_property ${part("xds", "route_metadata")} ~\nget_property ${part("xds", "route_metadata", "filter_metadata")} %\nget_property ${part("xds", "route_name")}`,
      },
    },
    {
      name: "dynamic metadata, by fields",
      plugins: [
        {
          name: "envoy.filters.http.set_metadata",
          typedConfig: {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.set_metadata.v3.Config",
            metadata: [set("ns", { s: "text", n: 1.5, b: true, list: ["a", "b"], struct: { k: "v" } })],
          },
        },
        {
          script: {
            rh: `${["s", "n", "b", "list", "struct", "none"]
              .map((key) => `get_property ${part("metadata", "filter_metadata", "ns", key)} %`)
              .join("\n")}\nget_property ${part("metadata", "filter_metadata", "none", "k")}\nget_property ${part("metadata")} ~`,
            log: `get_property ${part("metadata", "filter_metadata", "ns", "s")}`,
          },
        },
      ],
    },
    {
      name: "filter state of a native filter",
      plugins: [
        filterState("envoy.filters.http.set_filter_state", "direct.ip", "value of %REQ(:PATH)%"),
        {
          script: {
            rh: `get_property ${part("filter_state", "direct.ip")}\nget_property ${part("filter_state", "direct", "ip")}\nget_property ${part("direct.ip")}\nget_property ${part("filter_state", "none")}\nset_property "direct.ip" "mine"\nget_property ${part("filter_state", "direct.ip")}\nget_property ${part("direct.ip")}`,
          },
        },
      ],
    },
    {
      name: "an own property reads back",
      script: {
        rh: `set_property "k" "v1"\nget_property "k"\nget_property ${part("filter_state", "wasm.k")}\nget_property ${part("filter_state", "k")}\nget_property ${part("wasm", "k")}\nget_property "wasm.k"\nset_property "k" "v2"\nget_property "k"\nset_property "k" ""\nget_property "k"`,
        log: 'get_property "k"',
        done: 'get_property "k"',
      },
      accessLog: { k: "%FILTER_STATE(wasm.k:PLAIN)%" },
    },
    {
      name: "an own property of several parts",
      script: {
        rh: `set_property ${part("a", "b")} "v"\nget_property ${part("a", "b")}\nget_property "a"\nget_property ${part("filter_state", "wasm.a\\0b")}\nset_property "a" "w"\nget_property ${part("a", "b")}`,
      },
    },
    {
      name: "a set of Envoy's own does nothing",
      script: {
        rh: `set_property ${part("request", "path")} "/x"\nget_property ${part("request", "path")}\nset_property "plugin_name" "x"\nget_property "plugin_name"\nset_property "" "x"\nget_property ""\nset_property "request" "x"\nget_property "request"`,
      },
    },
    { name: "an own property of the root", script: { configure: 'set_property "r" "1"\nget_property "r"', rh: 'get_property "r"' } },
    {
      name: "paths with a NUL at the end, or twice",
      script: {
        rh: `get_property ${part("request", "path", "")}\nget_property ${part("", "request", "path")}\nget_property ${part("request", "", "path")}\nget_property ${part("request", "path", "more")}\nget_property ${part("plugin_name", "more")}\nget_property ${part("plugin_name", "")}`,
      },
    },
    {
      name: "property pointers outside the memory",
      script: {
        rh: 'get_property @4294967040:10\nset_property @4294967040:10 "v"\nset_property "k" @4294967040:10\nget_property "plugin_name" !',
      },
    },
    { name: "the whole node", script: { rh: get(["xds.node"], "~") } },
    {
      name: "a trusted forwarded address",
      httpConnectionManager: { use_remote_address: true, xff_num_trusted_hops: 1 },
      request: { headers: { "x-forwarded-for": "8.8.8.8" } },
      script: { rh: `${get(["source.address", "source.port"])}\nget_header_map_pairs 0` },
    },
    {
      name: "a plugin with root_id",
      plugin: { rootId: "my_root" },
      script: { rh: get(["plugin_name", "plugin_root_id", "plugin_vm_id"]) },
    },
    {
      name: "HTTP/2 and gRPC",
      request: { protocol: "h2c", method: "POST", headers: { "content-type": "application/grpc" }, body: "" },
      routes: [{ match: { prefix: "/" }, route: { cluster: "h2" } }],
      respond: { headers: { "content-type": "application/grpc" }, body: "", trailers: { "grpc-status": "5" } },
      script: {
        rh: get(["request.protocol"]),
        sh: get(["response.grpc_status"]),
        st: get(["response.grpc_status"]),
        log: get(["response.grpc_status", "response.code"]),
      },
    },
  ],
};
