import { Bytes, EMPTY } from "proxy-wasm-assemblyscript-sdk";

const BAR: u8 = 0x7c;
const DOT: u8 = 0x2e;

/** The host in a cluster's name of Istio's, `outbound|9080|v1|reviews.default.svc.cluster.local`; the whole name where it is not of that form. */
export function hostOfCluster(name: Bytes): Bytes {
  const first = name.indexOf(BAR);
  const second = first < 0 ? -1 : name.indexOf(BAR, first + 1);
  const third = second < 0 ? -1 : name.indexOf(BAR, second + 1);
  return third < 0 ? name : name.slice(third + 1);
}

/** The first label of a host: `reviews`. */
export function nameOfHost(host: Bytes): Bytes {
  const dot = host.indexOf(DOT);
  return dot < 0 ? host : host.slice(0, dot);
}

/** The second label of a host of Kubernetes, `reviews.default.svc...`: `default`; empty for another. */
export function namespaceOfHost(host: Bytes): Bytes {
  const first = host.indexOf(DOT);
  const second = first < 0 ? -1 : host.indexOf(DOT, first + 1);
  if (second < 0 || !host.slice(second).startsWith(SVC)) return EMPTY;
  return host.slice(first + 1, second);
}

const SVC: Bytes = Bytes.of(".svc");
