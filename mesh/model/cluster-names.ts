/** Istio's names of clusters, which its own tools read in our dumps. */

/** `outbound|9080|v1|reviews.default.svc.cluster.local` */
export function outboundCluster(port: number, subset: string, host: string): string {
  return `outbound|${port}|${subset}|${host}`;
}

/** The server name that a proxy asks for: `outbound_.9080_.v1_.reviews.default.svc.cluster.local` */
export function sniOf(port: number, subset: string, host: string): string {
  return `outbound_.${port}_.${subset}_.${host}`;
}

/** `inbound|9080||` */
export const inboundCluster = (port: number) => `inbound|${port}||`;

/** Host and port of a name that `outboundCluster` made. */
export function readCluster(name: string): { port: number; subset: string; host: string } | undefined {
  const [direction, port, subset, host, ...rest] = name.split("|");
  if (direction !== "outbound" || host === undefined || host === "" || rest.length > 0) return undefined;
  return { port: Number(port), subset: subset ?? "", host };
}
