import { Bytes } from "proxy-wasm-assemblyscript-sdk";

// Istio's names, in its node metadata and on the wire.
export const CLUSTER_ID: Bytes = Bytes.of("CLUSTER_ID");
export const LABELS: Bytes = Bytes.of("LABELS");
export const NAME: Bytes = Bytes.of("NAME");
export const NAMESPACE: Bytes = Bytes.of("NAMESPACE");
export const OWNER: Bytes = Bytes.of("OWNER");
export const WORKLOAD_NAME: Bytes = Bytes.of("WORKLOAD_NAME");

export const APP: Bytes = Bytes.of("app");
export const APP_QUALIFIED: Bytes = Bytes.of("app.kubernetes.io/name");
export const CANONICAL_NAME: Bytes = Bytes.of("service.istio.io/canonical-name");
export const CANONICAL_REVISION: Bytes = Bytes.of("service.istio.io/canonical-revision");
export const VERSION: Bytes = Bytes.of("version");
export const VERSION_QUALIFIED: Bytes = Bytes.of("app.kubernetes.io/version");
