// What the metrics filter costs a request, beside an access log that writes the same down for others to count.
import type { MetricsConfig } from "../filters/metrics/config.ts";
import type { FilterSpec } from "../harness/index.ts";
import { buildModule } from "../modules/index.ts";
import { type Arm, headers, measure } from "./cpu.ts";

const workload = { name: "reviews-v1", namespace: "default", app: "reviews", version: "v1", cluster: "c1" };
const service = "reviews.default.svc.cluster.local";
const none = [{ disabled: true }];

/** What Istio's labels and values are made of, as fields of Envoy's JSON access log. */
const fields = {
  ...{ workload: "reviews-v1", namespace: "default", app: "reviews", version: "v1", cluster: "c1", service },
  ...{ peer: "%DOWNSTREAM_PEER_URI_SAN%", local: "%DOWNSTREAM_LOCAL_URI_SAN%", upstream: "%UPSTREAM_CLUSTER%", protocol: "%PROTOCOL%" },
  ...{ code: "%RESPONSE_CODE%", flags: "%RESPONSE_FLAGS%", grpc: "%GRPC_STATUS_NUMBER%" },
  ...{ duration: "%DURATION%", received: "%BYTES_RECEIVED%", sent: "%BYTES_SENT%" },
};

async function main(): Promise<void> {
  const { files } = await buildModule({ name: "metrics", entry: "filters/metrics/assembly/index.ts", outDir: ".cache/bench" });
  const metrics = (config: MetricsConfig): FilterSpec => ({ name: "metrics", wasm: files.wasm, config });
  const each = (name: string, config: MetricsConfig): Arm => ({ name: `${name}, each of 10`, filters: [metrics(config)], copies: 10 });
  const istio: MetricsConfig = { reporter: "destination", workload, service };
  await measure(
    [
      { name: "a file access log of the same fields", copies: 1, accessLog: { path: "/dev/null", fields } },
      each("Istio's four metrics", istio),
      each("the same, of the source", { ...istio, reporter: "source" }),
      each("only istio_requests_total", {
        ...istio,
        overrides: ["REQUEST_DURATION", "REQUEST_SIZE", "RESPONSE_SIZE"].map((metric) => ({
          match: { metric: metric as never },
          disabled: true,
        })),
      }),
      each("one counter without labels", { ...istio, overrides: none, metrics: [{ name: "own_total" }] }),
      each("one counter by user and path template", {
        ...istio,
        overrides: none,
        metrics: [{ name: "own_total", labels: { user: { header: "x-user" }, path: { pathTemplates: ["/users/{id}", "/"] } } }],
      }),
    ],
    headers,
  );
}

await main();
