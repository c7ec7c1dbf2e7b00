import type { Resource } from "../resources/resource.ts";

/** What a Secret has for TLS, PEM. https://istio.io/latest/docs/tasks/traffic-management/ingress/secure-ingress/#key-formats */
export interface TlsSecret {
  readonly certificate?: { readonly chain: string; readonly privateKey: string };
  readonly roots?: string;
}

/** Kubernetes' names for the parts of a Secret of TLS, and before them Istio's own. */
const NAMES = [
  ["cert", "key", "cacert"],
  ["tls.crt", "tls.key", "ca.crt"],
] as const;

export function tlsSecretOf({ value }: Resource<unknown>): TlsSecret {
  const data = (value["data"] ?? {}) as Record<string, unknown>;
  const stringData = (value["stringData"] ?? {}) as Record<string, unknown>;
  const text = (name: string): string | undefined => {
    const plain = stringData[name];
    if (typeof plain === "string") return plain;
    const encoded = data[name];
    return typeof encoded === "string" ? Buffer.from(encoded, "base64").toString("utf8") : undefined;
  };
  const all = NAMES.map(([cert, key, ca]) => ({ chain: text(cert), privateKey: text(key), roots: text(ca) }));
  const pair = all.find(({ chain, privateKey }) => chain && privateKey);
  const roots = all.find((each) => each.roots)?.roots;
  return {
    ...(pair?.chain && pair.privateKey ? { certificate: { chain: pair.chain, privateKey: pair.privateKey } } : {}),
    ...(roots ? { roots } : {}),
  };
}
