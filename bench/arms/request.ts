import type { ConfigObject } from "../../harness/index.ts";
import type { Shape } from "./arm.ts";

/** Where a request shows what the filters did to it; all others go by. */
export const PROOF_PATH = "/orders/proof";
export const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const headers = [
  ["user-agent", "bench/1"],
  ["accept", "*/*"],
  ["x-request-id", "7f1b2f5e-8f6e-4a7b-9a3e-0d1c2b3a4f5e"],
  ["x-forwarded-for", "192.0.2.7"],
  ["traceparent", TRACEPARENT],
  ["tracestate", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"],
  ["x-user", "ann"],
] as const;

/** Twelve headers with those of HTTP itself, of a trace that goes on. */
export const request: Shape = { path: "/orders/7", headers };
/** The same without a trace. */
export const untraced: Shape = { path: "/orders/7", headers: headers.filter(([name]) => !name.startsWith("trace")) };
/** Where no policy lets anybody in. */
export const forbidden: Shape = { path: "/private/7", headers };

const noted = ["tracing", "ratelimit", "authz", "fault-injection"];

/** Envoy answers by itself: the upstream's part would be the same in all arms, and no filter's. */
export const routes: readonly ConfigObject[] = [
  {
    match: { path: PROOF_PATH },
    direct_response: { status: 200 },
    response_headers_to_add: [
      { header: { key: "x-sent-traceparent", value: "%REQ(traceparent)%" } },
      ...noted.map((name) => ({ header: { key: `x-state-${name}`, value: `%FILTER_STATE(wasm.meshscript.${name}:PLAIN)%` } })),
    ],
  },
  { match: { prefix: "/" }, direct_response: { status: 200 } },
];
