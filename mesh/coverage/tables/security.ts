import type { Coverage, Entry } from "../entry.ts";

const group = "security.istio.io";

/** https://istio.io/latest/docs/reference/config/security/peer_authentication/ */
export const peerAuthentication: Coverage = { group, kind: "PeerAuthentication", entries: [] };

const TOKEN = "no filter verifies tokens: it would never be true, or always";
const ADDRESS = "no filter writes the addresses of connections down: DENY rules that ask for them match, ALLOW rules do not";
const PORT = "every listener has a port that the system chose";

const CONDITIONS: readonly (readonly [keys: RegExp, values: string, reason: string])[] = [
  [/^request\.auth\./, "`request.auth.*`", TOKEN],
  [/^(source|destination)\.ip$/, "`source.ip`, `destination.ip`", ADDRESS],
  [/^destination\.port$/, "`destination.port`", PORT],
];

/** What of a rule cannot be known here. */
const RULES: readonly Entry[] = [
  ...["requestPrincipals[]", "notRequestPrincipals[]"].map(
    (name): Entry => ({ path: `spec.rules[].from[].source.${name}`, level: "error", reason: TOKEN }),
  ),
  ...["ipBlocks[]", "notIpBlocks[]"].map(
    (name): Entry => ({ path: `spec.rules[].from[].source.${name}`, level: "error", reason: ADDRESS }),
  ),
  ...["ports[]", "notPorts[]"].map((name): Entry => ({ path: `spec.rules[].to[].operation.${name}`, level: "error", reason: PORT })),
  ...CONDITIONS.map(
    ([keys, values, reason]): Entry => ({
      path: "spec.rules[].when[].key",
      level: "error",
      reason,
      when: (value) => typeof value === "string" && keys.test(value),
      values,
    }),
  ),
];

/** https://istio.io/latest/docs/reference/config/security/authorization-policy/ */
export const authorizationPolicy: Coverage = {
  group,
  kind: "AuthorizationPolicy",
  entries: [
    {
      path: "spec.action",
      level: "error",
      reason: "nobody is asked, and the policy would refuse nothing",
      when: (value) => value === "CUSTOM",
      values: "`CUSTOM`",
    },
    { path: "spec.provider", level: "error", reason: "it is for `action: CUSTOM`" },
    { path: "spec.targetRef", level: "error", reason: "it is for waypoints and the Gateway API", help: "write `selector`" },
    { path: "spec.targetRefs[]", level: "error", reason: "it is for waypoints and the Gateway API", help: "write `selector`" },
    ...RULES,
  ],
};
