/** A serialized GrpcService `{ envoy_grpc: { cluster_name } }`: a bare name that happens to parse as one can abort Envoy. */
export const service = (cluster: string) => {
  const byte = (number: number) => `\\x${number.toString(16).padStart(2, "0")}`;
  return `"\\x0a${byte(cluster.length + 2)}\\x0a${byte(cluster.length)}${cluster}"`;
};
export const call = (cluster: string, message = '"ping"', timeout = 1000, metadata = "{}") =>
  `grpc_call ${service(cluster)} "pkg.Service" "Method" ${metadata} ${message} ${timeout}`;
export const stream = (cluster: string, metadata = "{}") => `grpc_stream ${service(cluster)} "pkg.Service" "Watch" ${metadata}`;
