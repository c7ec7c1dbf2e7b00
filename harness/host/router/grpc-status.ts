export const GrpcStatus = {
  Ok: 0,
  Unknown: 2,
  PermissionDenied: 7,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  Unauthenticated: 16,
} as const;

/** What Envoy takes a grpc-status for that is none. */
const INVALID = 0xffff_ffff;

/** An answer that is no gRPC, in gRPC's terms (grpc/grpc, http-grpc-status-mapping.md). */
export function grpcStatusOfHttp(status: number): number {
  if (status === 400) return GrpcStatus.Internal;
  if (status === 401) return GrpcStatus.Unauthenticated;
  if (status === 403) return GrpcStatus.PermissionDenied;
  if (status === 404) return GrpcStatus.Unimplemented;
  return [429, 502, 503, 504].includes(status) ? GrpcStatus.Unavailable : GrpcStatus.Unknown;
}

/** The value of a grpc-status header; undefined when there is none. */
export function parseGrpcStatus(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  return /^\d+$/.test(text) && Number(text) <= GrpcStatus.Unauthenticated ? Number(text) : INVALID;
}
