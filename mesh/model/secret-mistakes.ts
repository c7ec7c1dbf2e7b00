import { X509Certificate, createPrivateKey } from "node:crypto";
import { type Diagnostic, diagnostic } from "../../diagnostics/index.ts";
import type { Resource } from "../resources/resource.ts";
import { tlsSecretOf } from "./secrets.ts";

/** A Secret of type kubernetes.io/tls that no server could present: Envoy would refuse the whole listener, and not say whose it is. */
export function secretMistakes(resource: Resource): Diagnostic[] {
  if (resource.kind !== "Secret" || resource.group !== "" || resource.value["type"] !== "kubernetes.io/tls") return [];
  const { certificate } = tlsSecretOf(resource);
  const wrong = certificate ? whyNot(certificate) : "has no tls.crt with its tls.key";
  if (wrong === undefined) return [];
  return [
    diagnostic("MS0914", `the Secret ${resource.namespace}/${resource.name} ${wrong}`, {
      location: resource.at([resource.value["data"] ? "data" : "stringData"]),
      help: "leave it out, and the mesh's own authority issues a certificate",
    }),
  ];
}

function whyNot({ chain, privateKey }: { chain: string; privateKey: string }): string | undefined {
  try {
    const leaf = new X509Certificate(chain);
    const key = createPrivateKey(privateKey);
    return leaf.checkPrivateKey(key) ? undefined : "has a tls.key that is not its certificate's";
  } catch {
    return "has a tls.crt or a tls.key that is no PEM of a certificate and its key";
  }
}
