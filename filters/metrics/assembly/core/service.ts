import { Bytes, EMPTY } from "proxy-wasm-assemblyscript-sdk";

const DOT: u8 = 0x2e;

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
