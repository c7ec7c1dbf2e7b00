import type { Coverage } from "../entry.ts";

const group = "networking.istio.io";

/** https://istio.io/latest/docs/reference/config/networking/gateway/ */
export const gateway: Coverage = {
  group,
  kind: "Gateway",
  entries: [
    { path: "spec.servers[].bind", level: "warning", reason: "every listener is on the loopback address, at a port of its own" },
    { path: "spec.servers[].defaultEndpoint", level: "warning", reason: "Istio does not read it either" },
    { path: "spec.servers[].name", level: "warning", reason: "only statistics of Envoy are called by it" },
    { path: "spec.servers[].port.name", level: "quiet", reason: "it is for people" },
    { path: "spec.servers[].port.targetPort", level: "warning", reason: "Istio does not read it any more: the gateway's Service says it" },
    {
      path: "spec.servers[].tls.tlsCertificates[].caCertificates",
      level: "warning",
      reason: "Istio reads the server's own `caCertificates`",
    },
    {
      path: "spec.servers[].tls.mode",
      level: "error",
      reason: "it is for calls between clusters, and one machine is one cluster",
      when: (value) => value === "AUTO_PASSTHROUGH",
      values: "`AUTO_PASSTHROUGH`",
    },
  ],
};

const isSocket = (value: unknown) => typeof value === "string" && value.startsWith("unix:");

/** https://istio.io/latest/docs/reference/config/networking/service-entry/ */
export const serviceEntry: Coverage = {
  group,
  kind: "ServiceEntry",
  entries: [
    {
      path: "spec.resolution",
      level: "error",
      reason: "connections are not captured, so the address that they were for is not known",
      when: (value) => value === undefined || value === "NONE" || value === "DYNAMIC_DNS",
      values: "`NONE`, which is also what nothing means, and `DYNAMIC_DNS`",
      absent: true,
      help: "write `resolution: DNS`, or `STATIC` with `endpoints`",
    },
    {
      path: "spec.endpoints[].address",
      level: "error",
      reason: "endpoints are addresses or names, not sockets of Unix",
      when: isSocket,
      values: "`unix://`",
    },
    { path: "spec.endpoints[].network", level: "warning", reason: "one machine is one network" },
  ],
};

/** https://istio.io/latest/docs/reference/config/networking/sidecar/ */
export const sidecar: Coverage = {
  group,
  kind: "Sidecar",
  entries: [
    { path: "spec.ingress[]", level: "error", reason: "a workload's ports are those of its services" },
    {
      path: "spec.inboundConnectionPool",
      level: "error",
      reason: "connections to the application are not limited",
      help: "limit those who call it, in a DestinationRule",
    },
    { path: "spec.egress[].port", level: "error", reason: "its hosts would be seen at all ports" },
    { path: "spec.egress[].bind", level: "error", reason: "there is no listener at this address" },
    { path: "spec.egress[].captureMode", level: "warning", reason: "connections are not captured: an application speaks to its proxy" },
    { path: "spec.outboundTrafficPolicy.egressProxy", level: "error", reason: "hosts that nobody knows are called directly" },
  ],
};
