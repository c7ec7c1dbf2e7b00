import type { FilterSpec } from "../../harness/index.ts";
import type { Feature, Scenario } from "./feature.ts";
import { request, untraced } from "./request.ts";

/** Envoy's tracer cannot be had without spans, and no filter of its own mints ids: this only writes one header, of another's value. */
export const mutation: FilterSpec = {
  name: "envoy.filters.http.header_mutation",
  typedConfig: {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
    mutations: {
      request_mutations: [
        { append: { header: { key: "traceparent", value: "%REQ(x-request-id)%" }, append_action: "OVERWRITE_IF_EXISTS" } },
      ],
    },
  },
};

const continued = /^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01$/;
const started = /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/;

function scenario(shape: Scenario["request"], action: "continue" | "start", sent: RegExp): Scenario {
  const seen = { answer: { "x-sent-traceparent": sent, "x-state-tracing": new RegExp(`^action=${action} traceparent=00-`) } };
  const counted = action === "continue" ? "continued" : "started";
  return {
    request: shape,
    status: 200,
    ways: {
      ours: { config: {}, evidence: [{ ...seen, stats: [`meshscript_tracing_${counted}_total$`] }] },
      rust: { evidence: [{ ...seen, stats: [`rust_tracing_${counted}_total$`] }] },
    },
  };
}

const going = scenario(request, "continue", continued);

export const tracing: Feature = {
  name: "tracing",
  scenarios: {
    allow: {
      ...going,
      ways: { ...going.ways, native: { filters: [mutation], evidence: [{ answer: { "x-sent-traceparent": /^7f1b2f5e-/ } }] } },
    },
    start: scenario(untraced, "start", started),
  },
};
