import { Bytes } from "proxy-wasm-assemblyscript-sdk";

const BAR: u8 = 0x7c;

/** The host in a cluster's name of Istio's, `outbound|9080|v1|reviews.default.svc.cluster.local`; the whole name where it is not of that form. */
export function hostOfCluster(name: Bytes): Bytes {
  const first = name.indexOf(BAR);
  const second = first < 0 ? -1 : name.indexOf(BAR, first + 1);
  const third = second < 0 ? -1 : name.indexOf(BAR, second + 1);
  return third < 0 || third == name.length - 1 ? name : name.slice(third + 1);
}
