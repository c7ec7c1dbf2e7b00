import { resolve } from "node:path";
import { expect, test } from "vitest";
import {
  type ConfigObject,
  bootstrap,
  cluster,
  httpListener,
  merge,
  route,
  validateConfig,
  wasmAccessLogger,
  wasmFilter,
} from "../../index.ts";

test("merge goes into objects, replaces everything else, and changes neither side", () => {
  const base = { a: { b: 1, c: [1, 2] }, d: "x" };
  expect(merge(base, { a: { c: [3] }, e: null })).toEqual({ a: { b: 1, c: [3] }, d: "x", e: null });
  expect(base).toEqual({ a: { b: 1, c: [1, 2] }, d: "x" });
  expect(merge(base, undefined)).toEqual(base);
});

test("a wasm filter has what was given and leaves out what was not", () => {
  const minimal = wasmFilter({ name: "tracing", wasm: "build/tracing.wasm" });
  expect(minimal).toEqual({
    name: "tracing",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
      config: {
        name: "tracing",
        root_id: "",
        failure_policy: "FAIL_CLOSED",
        vm_config: {
          vm_id: "meshscript.tracing",
          runtime: "envoy.wasm.runtime.v8",
          code: { local: { filename: resolve("build/tracing.wasm") } },
        },
      },
    },
  });
});

test("an access logger is the same plugin, and stands behind the file's access log", () => {
  const spec = { name: "audit", wasm: "build/audit.wasm", rootId: "a", config: {} };
  const plugin = (entry: ConfigObject) => (entry["typed_config"] as ConfigObject)["config"];
  expect(plugin(wasmAccessLogger(spec))).toEqual(plugin(wasmFilter(spec)));

  const listener = JSON.stringify(httpListener({ accessLog: { path: "/dev/null" }, accessLoggers: [spec] }));
  expect(listener).toMatch(/"access_log":\[\{"name":"envoy.access_loggers.file".*\},\{"name":"envoy.access_loggers.wasm"/);
});

test.each([
  ["text", "text"],
  [{ a: [1] }, '{"a":[1]}'],
  ["", ""],
  [null, "null"],
])("the configuration %j travels as %j", (config, value) => {
  const filter = JSON.stringify(wasmFilter({ name: "f", wasm: "f.wasm", config }));
  expect(filter).toContain(`"configuration":{"@type":"type.googleapis.com/google.protobuf.StringValue","value":${JSON.stringify(value)}}`);
});

test("Envoy takes several listeners, weighted routes, and both kinds of cluster", async () => {
  const endpoints = [
    { host: "127.0.0.1", port: 1 },
    { host: "::1", port: 2 },
  ];
  const config = bootstrap({
    node: { id: "reviews-1", cluster: "reviews" },
    listeners: [
      httpListener({ name: "inbound", routes: [route("app")], listener: { traffic_direction: "INBOUND" }, statPrefix: "in" }),
      httpListener({
        name: "outbound-ratings",
        accessLog: { path: "/dev/null", fields: { trace: "%REQ(TRACEPARENT)%" } },
        virtualHosts: [
          { name: "ratings", domains: ["ratings"], routes: [route("ratings", { match: { prefix: "/r" }, route: { timeout: "2s" } })] },
        ],
        httpConnectionManager: { generate_request_id: false, common_http_protocol_options: { max_headers_count: 2_000 } },
      }),
    ],
    clusters: [
      cluster({ name: "app", endpoints, connectTimeout: "0.25s" }),
      cluster({ name: "ratings", endpoints, protocol: "h2c", cluster: { lb_policy: "RANDOM" } }),
    ],
  });
  await expect(validateConfig(config)).resolves.toBeUndefined();
});
