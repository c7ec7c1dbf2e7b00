import { BaseContext, Bytes, EMPTY, PropertyPath } from "proxy-wasm-assemblyscript-sdk";
import { Workload } from "./workload";

const METADATA: PropertyPath = PropertyPath.of("xds.node.metadata");
const LABELS: PropertyPath = METADATA.then("LABELS");
const NAME: PropertyPath = METADATA.then("WORKLOAD_NAME");
const NAMESPACE: PropertyPath = METADATA.then("NAMESPACE");
const CLUSTER: PropertyPath = METADATA.then("CLUSTER_ID");
const APP: PropertyPath = LABELS.then("app");
const VERSION: PropertyPath = LABELS.then("version");
const CANONICAL_SERVICE: PropertyPath = LABELS.then("service.istio.io/canonical-name");
const CANONICAL_REVISION: PropertyPath = LABELS.then("service.istio.io/canonical-revision");

/** Fills what a configuration leaves open from the node's metadata, which Istio's agent writes. For `configure`. */
export function completed(own: Workload, context: BaseContext): Workload {
  own.name = or(own.name, context, NAME);
  own.namespace = or(own.namespace, context, NAMESPACE);
  own.cluster = or(own.cluster, context, CLUSTER);
  own.app = or(own.app, context, APP);
  own.version = or(own.version, context, VERSION);
  own.canonicalService = or(own.canonicalService, context, CANONICAL_SERVICE);
  own.canonicalRevision = or(own.canonicalRevision, context, CANONICAL_REVISION);
  // As istiod derives them, where nobody says: from the app's label, then from the workload.
  if (own.canonicalService.length == 0) own.canonicalService = own.app.length > 0 ? own.app : own.name;
  if (own.canonicalRevision.length == 0) own.canonicalRevision = own.version;
  return own;
}

function or(known: Bytes, context: BaseContext, path: PropertyPath): Bytes {
  if (known.length > 0) return known;
  const found = context.property(path);
  return found === null ? EMPTY : found.copy();
}
