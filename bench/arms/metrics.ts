import type { MetricsConfig } from "../../filters/metrics/config.ts";
import type { Feature } from "./feature.ts";
import { request } from "./request.ts";

const workload = { name: "reviews-v1", namespace: "default", app: "reviews", version: "v1", cluster: "c1" };
const service = "reviews.default.svc.cluster.local";
const config: MetricsConfig = { reporter: "destination", workload, service };

/** What Istio's labels and values are made of, as fields of Envoy's JSON access log. */
const fields = {
  ...workload,
  ...{ service, peer: "%DOWNSTREAM_PEER_URI_SAN%", local: "%DOWNSTREAM_LOCAL_URI_SAN%", upstream: "%UPSTREAM_CLUSTER%" },
  ...{ protocol: "%PROTOCOL%", code: "%RESPONSE_CODE%", flags: "%RESPONSE_FLAGS%", grpc: "%GRPC_STATUS_NUMBER%" },
  ...{ duration: "%DURATION%", received: "%BYTES_RECEIVED%", sent: "%BYTES_SENT%" },
};

export const metrics: Feature = {
  name: "metrics",
  scenarios: {
    allow: {
      request,
      status: 200,
      ways: {
        ours: { config, evidence: [{ stats: ["reporter=\\.=destination.*istio_requests_total$"] }] },
        rust: { config: { ...workload, service }, evidence: [{ stats: ["reporter=\\.=destination.*istio_requests_total$"] }] },
        // Envoy has no filter for it: a log that others have to count.
        native: { accessLog: { path: "/dev/null", fields }, evidence: [{ stats: ["^filesystem\\.write_buffered$"] }] },
      },
    },
  },
};
