import type { Coverage, Verdict } from "../entry.ts";

const error = (reason: string, help?: string): Verdict => ({ level: "error", reason, ...(help ? { help } : {}) });

const ISTIO: readonly (readonly [group: string, kind: string, verdict: Verdict])[] = [
  ["networking.istio.io", "EnvoyFilter", error("it patches Istio's own configuration, and ours is another")],
  ["networking.istio.io", "ProxyConfig", error("proxies take no settings of their own")],
  [
    "networking.istio.io",
    "WorkloadEntry",
    error("only Pods are workloads", "write a Deployment, or list it in `endpoints` of its ServiceEntry"),
  ],
  ["networking.istio.io", "WorkloadGroup", error("machines do not join a mesh by themselves", "write a Deployment for each")],
  ["security.istio.io", "RequestAuthentication", error("tokens are not verified: a bad one would be let through")],
  ["telemetry.istio.io", "Telemetry", error("all proxies log, count and trace alike")],
];

/** Kinds of which nothing is read. */
export const wholeKinds: readonly Coverage[] = ISTIO.map(([group, kind, whole]): Coverage => ({ group, kind, whole }));
