import { Bytes } from "../bytes";

/**
 * A gRPC service behind a cluster of Envoy's. Make one while configuring, and keep it.
 *
 * ```ts
 * const LIMITS = GrpcService.of("ratelimit", "envoy.service.ratelimit.v3.RateLimitService");
 * ```
 */
export class GrpcService {
  /**
   * @internal `GrpcService { envoy_grpc { cluster_name } }`, serialized. Envoy also takes a bare name, but one that happens to parse as
   * protobuf ("users", "") ends it with SIGABRT.
   */
  readonly _target: Bytes;

  /**
   * @param cluster a cluster of Envoy's that speaks HTTP/2, by name; its name is sent as `:authority`
   * @param name of the service with its package, as in `/NAME/Method`
   */
  constructor(
    cluster: Bytes,
    readonly name: Bytes,
  ) {
    this._target = field(field(cluster));
  }

  static of(cluster: string, name: string): GrpcService {
    return new GrpcService(Bytes.of(cluster), Bytes.of(name));
  }
}

/** Field 1 of a message, length-delimited, owned. */
function field(value: Bytes): Bytes {
  value._fresh();
  let header = 2;
  for (let rest = value.length >> 7; rest > 0; rest >>= 7) header++;
  const buffer = new ArrayBuffer(header + value.length);
  let at = changetype<usize>(buffer);
  store<u8>(at++, 0x0a);
  let rest = value.length;
  for (; rest > 0x7f; rest >>= 7) store<u8>(at++, (<u8>rest) | 0x80);
  store<u8>(at++, <u8>rest);
  memory.copy(at, value.ptr, value.length);
  return Bytes.owning(buffer);
}
