import type { Coverage, Entry } from "../entry.ts";

const group = "gateway.networking.k8s.io";

const error = (path: string, reason: string, rest: Partial<Entry> = {}): Entry => ({ path, level: "error", reason, ...rest });
const warning = (path: string, reason: string, rest: Partial<Entry> = {}): Entry => ({ path, level: "warning", reason, ...rest });

const other =
  (...known: readonly string[]) =>
  (value: unknown) =>
    typeof value === "string" && !known.includes(value);

/** https://gateway-api.sigs.k8s.io/reference/api-spec/1.6/spec/#gateway */
const gateway: Coverage = {
  group,
  kind: "Gateway",
  entries: [
    error("spec.gatewayClassName", "there is no ambient mode", {
      when: (value) => value === "istio-waypoint" || value === "istio-east-west",
      values: "`istio-waypoint` and `istio-east-west`",
    }),
    error("spec.addresses[].type", "Istio knows a gateway by its service's name", {
      when: other("Hostname"),
      values: "any but `Hostname`",
      help: "write the Service's name and `type: Hostname`",
    }),
    error("spec.allowedListeners", "a gateway has its own listeners only"),
    warning("spec.infrastructure.annotations{}", "the gateway's Deployment has none"),
    warning("spec.infrastructure.parametersRef", "the gateway's Deployment has no parameters"),
    error("spec.listeners[].protocol", "Istio has no listener for it", {
      when: other("HTTP", "HTTPS", "TLS", "TCP"),
      values: "any but `HTTP`, `HTTPS`, `TLS` and `TCP`",
    }),
    error("spec.listeners[].tls.certificateRefs[].kind", "certificates are in Secrets", {
      when: other("Secret"),
      values: "any but `Secret`",
    }),
    ...["group", "kind"].map(
      (name): Entry => ({ path: `spec.listeners[].tls.certificateRefs[].${name}`, level: "quiet", reason: "certificates are in Secrets" }),
    ),
    error("spec.tls", "clients and backends are told apart by each listener's own settings", {
      help: "write gateway.istio.io/tls-terminate-mode: MUTUAL into the listener's `tls.options`, and a DestinationRule for a backend",
    }),
  ],
};

/** Of a route of any kind. */
const routed = (kind: string, entries: readonly Entry[] = []): Coverage => ({
  group,
  kind,
  entries: [
    error("spec.parentRefs[].kind", "routes are for a Gateway, a Service or a ServiceEntry", {
      when: other("Gateway", "Service", "ServiceEntry"),
      values: "any but `Gateway`, `Service` and `ServiceEntry`",
    }),
    error("spec.rules[].backendRefs[].kind", "requests go to a Service, or to a host with `group: networking.istio.io`", {
      when: other("Service", "Hostname"),
      values: "any but `Service` and `Hostname`",
    }),
    ...entries,
  ],
});

const FILTERS_OF_BACKENDS = ["cors", "requestMirror", "requestRedirect", "urlRewrite"];

const filters = (names: readonly string[]): readonly Entry[] => [
  error("spec.rules[].filters[].extensionRef", "there are no filters by reference, and Istio would leave the whole route out"),
  error(
    "spec.rules[].backendRefs[].filters[].extensionRef",
    "there are no filters by reference, and Istio would leave the whole route out",
  ),
  ...names.map((name) =>
    error(`spec.rules[].backendRefs[].filters[].${name}`, "of a backend Istio knows filters of headers only", {
      help: "write it among the rule's own `filters`",
    }),
  ),
];

/** https://gateway-api.sigs.k8s.io/reference/api-spec/1.6/spec/#httproute and its relatives */
const routes: readonly Coverage[] = [
  routed("HTTPRoute", filters(FILTERS_OF_BACKENDS)),
  routed("GRPCRoute", filters(["requestMirror"])),
  routed("TCPRoute", [{ path: "spec.rules[].name", level: "quiet", reason: "it is for people" }]),
  routed("TLSRoute", [{ path: "spec.rules[].name", level: "quiet", reason: "it is for people" }]),
];

const NOT_READ: readonly Coverage[] = [
  {
    group,
    kind: "BackendTLSPolicy",
    whole: { level: "error", reason: "TLS to a backend is a DestinationRule's matter", help: "write one" },
  },
  {
    group,
    kind: "ListenerSet",
    whole: { level: "error", reason: "a gateway has its own listeners only", help: "write them into the Gateway" },
  },
  { group, kind: "UDPRoute", whole: { level: "warning", reason: "Istio does not read it either" } },
];

/** The Gateway API's standard channel. */
export const gatewayApiKinds: readonly Coverage[] = [
  gateway,
  {
    group,
    kind: "GatewayClass",
    entries: [
      { path: "spec.description", level: "quiet", reason: "it is for people" },
      warning("spec.parametersRef", "gateways have no Deployment that it would be for"),
    ],
  },
  ...routes,
  { group, kind: "ReferenceGrant", entries: [] },
  ...NOT_READ,
];
