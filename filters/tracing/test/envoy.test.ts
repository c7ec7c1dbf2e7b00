// What only a real Envoy can show: its own tracer beside the filter, and bytes that no client would send.
import { describe, expect, test } from "vitest";
import { eventually } from "../../../harness/expect/index.ts";
import { openEnvoy } from "../../../harness/index.ts";
import type { TracingConfig } from "../config.ts";
import { tracingModule } from "./support.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const incoming = `00-${TRACE}-b7ad6b7169203331-01`;

describe("with Envoy's own tracer on", () => {
  /** One listener traces natively with the filter in `mode`; returns what the upstream receives. */
  async function native(config: TracingConfig, headers: [string, string][]) {
    await using traced = await openEnvoy({
      filters: [
        {
          name: "envoy.filters.http.header_mutation",
          typedConfig: {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
            mutations: {
              request_mutations: [
                { append: { header: { key: "x-trace-id", value: "%TRACE_ID%" }, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" } },
              ],
            },
          },
        },
        { name: "tracing", wasm: await tracingModule(), config },
      ],
      upstreams: { app: {}, collector: {} },
      httpConnectionManager: {
        tracing: {
          random_sampling: { value: 100 },
          provider: {
            name: "envoy.tracers.opentelemetry",
            typed_config: {
              "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
              service_name: "test",
              http_service: { http_uri: { uri: "http://collector/v1/traces", cluster: "collector", timeout: "1s" } },
            },
          },
        },
      },
    });
    const response = await traced.request({ headers });
    const received = traced.upstream("app").requests[0];
    if (!received) throw new Error("the upstream received nothing");
    return { response, received };
  }

  test("observe leaves its headers alone; baggage and Server-Timing are ours", async () => {
    const config: TracingConfig = {
      mode: "observe",
      baggage: { allow: ["a"] },
      response: { serverTiming: true },
      traceIdHeader: "x-trace-id",
    };
    const { response, received } = await native(config, [
      ["traceparent", incoming],
      ["tracestate", "foo=1"],
      ["baggage", "a=1,b=2"],
    ]);

    expect(received.header("traceparent")).toMatch(new RegExp(`^00-${TRACE}-`));
    expect(received.header("tracestate")).toBe("foo=1");
    expect(received.header("baggage")).toBe("a=1");
    expect(response.header("server-timing")).toBe(`trace;desc=${TRACE}`);
  });

  test("observe tells the trace that Envoy began", async () => {
    const { response, received } = await native({ mode: "observe", response: { serverTiming: true }, traceIdHeader: "x-trace-id" }, []);
    const trace = received.header("traceparent")?.split("-")[1];

    expect(trace).toMatch(/^[0-9a-f]{32}$/);
    expect(response.header("server-timing")).toBe(`trace;desc=${trace}`);
  });

  test("enforce is overruled by Envoy: that is why observe exists", async () => {
    const { received } = await native({ inbound: "restart" }, [["traceparent", incoming]]);

    expect(received.headerValues("traceparent")).toHaveLength(1);
    expect(received.header("traceparent")).toMatch(new RegExp(`^00-${TRACE}-`));
  });
});

test("a worker's trap is never caused by a request: odd ones are all answered", async () => {
  const odd = [
    "CONNECT example.com:80 HTTP/1.1\r\nhost: example.com:80\r\n\r\n",
    "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
    `GET / HTTP/1.1\r\nhost: a\r\ntraceparent: ${"9".repeat(30_000)}\r\n\r\n`,
    `GET / HTTP/1.1\r\nhost: a\r\ntracestate: ${"a=1,".repeat(10_000)}\r\ntraceparent: ${incoming}\r\n\r\n`,
    `GET / HTTP/1.1\r\nhost: a\r\nbaggage: ${",".repeat(30_000)}\r\n\r\n`,
  ];
  const wasm = await tracingModule();
  const configs: Record<string, TracingConfig> = {
    plain: {},
    baggage: { baggage: { maxMembers: 2, allow: ["a", "b", "c"] } },
    edge: { inbound: "restart", baggage: { allow: ["tenant"] } },
    egress: { strip: true },
  };
  await using envoy = await openEnvoy({
    listeners: Object.fromEntries(
      Object.entries(configs).map(([name, config]) => [name, { filters: [{ name: "tracing", wasm, config }] }]),
    ),
    upstreams: { app: {} },
  });
  for (const listener of Object.keys(configs)) {
    for (const bytes of odd) {
      const answer = (await envoy.raw(bytes, { listener, until: (received) => received.includes("\r\n\r\n") })).toString("latin1");
      expect(answer).toMatch(/^HTTP\/1\.1 \d{3} /);
    }
  }
  await eventually(async () => expect(await envoy.request({ listener: "plain" })).toHaveStatus(200));
  expect(envoy.logs().wasm.filter((line) => line.level === "critical")).toEqual([]);
});
