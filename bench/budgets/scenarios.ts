import { manyPolicies } from "../../filters/authz/test/many-policies.ts";
import type { Shape } from "../arms/arm.ts";
import { features, partsOf } from "../arms/features.ts";
import { request } from "../arms/request.ts";

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
  { filter: "peer-metadata", name: "inbound, nobody says anything", config: { direction: "inbound" }, request, status: 200 },
  {
    filter: "mesh",
    name: "five, allow",
    config: { filters: partsOf(features) },
    request,
    status: 200,
  },
  { filter: "authz", name: "allow, 1000 policies", config: manyPolicies(1_000), request: { ...request, path: "/wanted" }, status: 200 },
];
