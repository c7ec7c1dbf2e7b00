import type { Service } from "./topology.ts";

/** As in Istio. */
export const TRUST_DOMAIN = "cluster.local";

/** BookInfo's service accounts: the versions of a service share one. */
export const accountOf = (service: Service | "gateway") => `bookinfo-${service}`;

/** Who a service's sidecars, or the ingress, are to others. */
export const spiffeIdOf = (service: Service | "gateway") => `spiffe://${TRUST_DOMAIN}/ns/default/sa/${accountOf(service)}`;
