import type { WorkloadSelector } from "./common.ts";

/** https://istio.io/latest/docs/reference/config/security/peer_authentication/ */
export interface PeerAuthentication {
  selector?: WorkloadSelector;
  mtls?: MutualTls;
  portLevelMtls?: Record<string, MutualTls>;
}

export interface MutualTls {
  mode?: "UNSET" | "DISABLE" | "PERMISSIVE" | "STRICT";
}

/** What the filter authz reads: it judges the rest. https://istio.io/latest/docs/reference/config/security/authorization-policy/ */
export interface AuthorizationPolicy {
  selector?: WorkloadSelector;
  action?: "ALLOW" | "DENY" | "AUDIT" | "CUSTOM";
  rules?: object[];
  provider?: { name?: string };
}
