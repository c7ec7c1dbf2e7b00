import { EnvoyCrash, notInHost } from "../failure.ts";
import { readFields } from "../properties/protobuf.ts";

/** Where a gRPC call goes: a cluster, and the `:authority` if it is not the cluster's name. */
export interface GrpcService {
  cluster: string;
  authority?: string;
}

const ENVOY_GRPC = 1;
const GOOGLE_GRPC = 2;
const CLUSTER_NAME = 1;
const AUTHORITY = 2;

/**
 * Reads what a module gives as service: a serialized envoy.config.core.v3.GrpcService, or, when it is no protobuf, a cluster's name. Many names
 * are protobuf by accident: a message without a target, at which Envoy ends with SIGABRT.
 *
 * @returns a name when it is no protobuf
 */
export function readGrpcService(bytes: Buffer): GrpcService | string {
  const fields = readFields(bytes);
  if (fields === undefined) return bytes.toString("latin1");
  for (const number of fields.keys()) {
    if (number === GOOGLE_GRPC) throw notInHost("google_grpc");
    // timeout, initial_metadata, retry_policy.
    if (number > GOOGLE_GRPC && number <= 6) throw notInHost(`field ${number} of GrpcService`);
  }
  const target = fields.get(ENVOY_GRPC);
  if (target === undefined) {
    throw new EnvoyCrash(
      `a gRPC call to ${JSON.stringify(bytes.toString("latin1"))}: a GrpcService without a target, SIGABRT (unset oneof)`,
    );
  }
  const envoyGrpc = readFields(target);
  if (envoyGrpc === undefined) return bytes.toString("latin1");
  const authority = envoyGrpc.get(AUTHORITY)?.toString();
  return { cluster: envoyGrpc.get(CLUSTER_NAME)?.toString() ?? "", ...(authority ? { authority } : {}) };
}
