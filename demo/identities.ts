import type { Caller } from "./topology.ts";

/** As in Istio. */
export const TRUST_DOMAIN = "cluster.local";

/** Where all of the demo is. */
export const NAMESPACE = "default";

/** BookInfo's service accounts: the versions of a service share one. */
export const accountOf = (caller: Caller) => `bookinfo-${caller}`;

/** Who a service's sidecars, or the ingress, are in a policy. */
export const principalOf = (caller: Caller) => `${TRUST_DOMAIN}/ns/${NAMESPACE}/sa/${accountOf(caller)}`;

/** Who they are to others, by their certificate. */
export const spiffeIdOf = (caller: Caller) => `spiffe://${principalOf(caller)}`;
