import { Bytes, EMPTY } from "proxy-wasm-assemblyscript-sdk";

/** Who a proxy is to the mesh, as Istio describes workloads. Empty: not known. */
export class Workload {
  name: Bytes = EMPTY;
  namespace: Bytes = EMPTY;
  app: Bytes = EMPTY;
  version: Bytes = EMPTY;
  canonicalService: Bytes = EMPTY;
  canonicalRevision: Bytes = EMPTY;
  cluster: Bytes = EMPTY;
}
