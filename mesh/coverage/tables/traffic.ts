import type { Coverage, Entry } from "../entry.ts";

const group = "networking.istio.io";

/** https://istio.io/latest/docs/reference/config/networking/virtual-service/ */
export const virtualService: Coverage = {
  group,
  kind: "VirtualService",
  entries: [
    {
      path: "spec.http[].fault.delay.exponentialDelay",
      level: "warning",
      reason: "Istio does not implement it either: requests are not delayed",
      help: "write `fixedDelay`",
    },
    {
      path: "spec.http[].fault.abort.http2Error",
      level: "warning",
      reason: "Istio does not implement it either: requests are not aborted",
      help: "write `httpStatus` or `grpcStatus`",
    },
    ...["spec.tcp[].match[].destinationSubnets[]", "spec.tls[].match[].destinationSubnets[]"].map(
      (path): Entry => ({
        path,
        level: "error",
        reason: "connections are not captured, so the address that they were for is not known",
        help: "match by `port`, or by `sniHosts`",
      }),
    ),
    { path: "spec.tcp[].match[].sourceSubnet", level: "warning", reason: "Istio does not read it either" },
  ],
};

/** Where a DestinationRule has a policy: for all, for a port, and both for a subset. */
const POLICIES = ["spec.trafficPolicy", "spec.subsets[].trafficPolicy"];
const SETTINGS = POLICIES.flatMap((policy) => [policy, `${policy}.portLevelSettings[]`]);

const inSettings = (path: string, entry: Omit<Entry, "path">) => SETTINGS.map((at): Entry => ({ path: `${at}.${path}`, ...entry }));
const inPolicies = (path: string, entry: Omit<Entry, "path">) => POLICIES.map((at): Entry => ({ path: `${at}.${path}`, ...entry }));

const isOff = (value: unknown) => (value as { enabled?: unknown }).enabled === false;

/** https://istio.io/latest/docs/reference/config/networking/destination-rule/ */
export const destinationRule: Coverage = {
  group,
  kind: "DestinationRule",
  entries: [
    ...inSettings("loadBalancer.zoneAwareLbSetting", {
      level: "error",
      reason: "requests go to all zones alike",
      when: (value) => !isOff(value),
      values: "any but `enabled: false`",
    }),
    ...inSettings("loadBalancer.simple", {
      level: "error",
      reason: "connections are not captured, so the address that they were for is not known",
      when: (value) => value === "PASSTHROUGH",
      values: "`PASSTHROUGH`",
    }),
    ...inSettings("outlierDetection.consecutiveErrors", {
      level: "warning",
      reason: "Istio does not read it any more",
      help: "write `consecutive5xxErrors`, or `consecutiveGatewayErrors`",
    }),
    ...inSettings("outlierDetection.outlierDetectionHttpErrorCodes[]", {
      level: "error",
      reason: "an endpoint is put out for errors of 5xx and of gateways only",
      help: "write `consecutive5xxErrors`, or `consecutiveGatewayErrors`",
    }),
    ...inSettings("tls.credentialName", {
      level: "error",
      reason: "Secrets are not read, and a sidecar without its certificate would speak plain text",
      help: "name files: `clientCertificate`, `privateKey`, `caCertificates`",
    }),
    ...inPolicies("tunnel", { level: "error", reason: "connections are not put into a tunnel of CONNECT" }),
    ...inPolicies("proxyProtocol", { level: "error", reason: "connections begin without a header of the PROXY protocol" }),
  ],
};
