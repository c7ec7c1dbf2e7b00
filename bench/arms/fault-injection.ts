import type { FilterSpec } from "../../harness/index.ts";
import type { Evidence } from "./arm.ts";
import type { Feature, Scenario } from "./feature.ts";
import { request } from "./request.ts";

const STATUS = 503;
const OTHER = "bob";

const ours = (user: string) => ({
  faults: [{ name: "one", when: [{ header: "x-user", exact: user }], abort: { status: STATUS, percentage: 100 } }],
});
const rust = (user: string) => ({ name: "one", header: "x-user", exact: user, percentage: 100, status: STATUS });
const native = (user: string): FilterSpec => ({
  name: "envoy.filters.http.fault",
  typedConfig: {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
    abort: { http_status: STATUS, percentage: { numerator: 100 } },
    headers: [{ name: "x-user", string_match: { exact: user } }],
  },
});

function scenario(user: string, status: number, evidence: (stats: string) => Evidence[]): Scenario {
  return {
    request,
    status,
    ways: {
      ours: { config: ours(user), evidence: evidence("meshscript_fault_injection_aborts_injected_total$") },
      rust: { config: rust(user), evidence: evidence("rust_fault_aborted_total$") },
      native: { filters: [native(user)], evidence: evidence("fault\\.aborts_injected$") },
    },
  };
}

export const faultInjection: Feature = {
  name: "fault-injection",
  scenarios: {
    // That the fault is there for others shows that it was looked for.
    allow: scenario(OTHER, 200, (stats) => [{}, { headers: { "x-user": OTHER }, status: STATUS, stats: [stats] }]),
    refuse: scenario("ann", STATUS, (stats) => [{ stats: [stats] }]),
  },
};
