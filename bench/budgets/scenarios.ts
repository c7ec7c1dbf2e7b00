import { manyPolicies } from "../../filters/authz/test/many-policies.ts";
import type { Shape } from "../arms/arm.ts";
import { features, partsOf } from "../arms/features.ts";
import { request, untraced } from "../arms/request.ts";

/** What a filter meets, and what it costs is bounded. */
export interface Scenario {
  filter: string;
  name: string;
  config: unknown;
  request: Shape;
  status: number;
}

const HEADERS = 80;
const many = (shape: Shape): Shape => ({
  ...shape,
  headers: [
    ...shape.headers,
    ...Array.from({ length: HEADERS - shape.headers.length }, (_, n) => [`x-other-${n}`, "of no filter"] as const),
  ],
});

const thousand = (make: (i: number) => object) => Array.from({ length: 1_000 }, (_, i) => make(i));
/** What the request is not about. */
const another = (i: number) => [{ attribute: "request.url_path", prefix: `/other-${i}/` }];

/** Those of the benchmark, and what makes a filter slow when it is written badly. */
export const scenarios: readonly Scenario[] = [
  ...features.flatMap(({ name: filter, scenarios }) => {
    const all = Object.entries(scenarios).map(([name, { request, status, ways }]) => ({
      name,
      request,
      status,
      config: ways.ours?.config,
    }));
    const { request, status, ways } = scenarios.allow;
    return [...all, { name: `allow, ${HEADERS} headers`, request: many(request), status, config: ways.ours?.config }].map((each) => ({
      filter,
      ...each,
    }));
  }),
  {
    filter: "canary",
    name: "a known user",
    config: { splits: [{ name: "reviews", unit: { header: "x-user" } }, { unit: { header: "x-user" } }] },
    request,
    status: 200,
  },
  { filter: "peer-metadata", name: "inbound, nobody says anything", config: { direction: "inbound" }, request, status: 200 },
  {
    filter: "mesh",
    name: "five, allow",
    config: { filters: partsOf(features) },
    request,
    status: 200,
  },
  {
    filter: "ratelimit",
    name: "1000 limits, none of them for it",
    config: { limits: thousand((i) => ({ name: `limit-${i}`, when: another(i), requests: 1, per: "1s" })) },
    request,
    status: 200,
  },
  {
    filter: "fault-injection",
    name: "1000 faults, none of them for it",
    config: { faults: thousand((i) => ({ name: `fault-${i}`, when: another(i), abort: { status: 503 } })) },
    request,
    status: 200,
  },
  {
    filter: "tracing",
    name: "1000 sampling rules, none of them for it",
    config: { sampling: { rules: thousand((i) => ({ when: another(i), percentage: 0 })) } },
    request: untraced,
    status: 200,
  },
  { filter: "authz", name: "allow, 1000 policies", config: manyPolicies(1_000), request: { ...request, path: "/wanted" }, status: 200 },
];
