import { ArenaBuffer, BaseContext, Bytes, EMPTY, HeaderName, Headers, PropertyPath } from "proxy-wasm-assemblyscript-sdk";
import { flagNames, hostOfCluster, namespaceOf, Workload } from "../../../policy";
import { Dimension, STANDARD } from "./core/dimension";
import { nameOfHost, namespaceOfHost } from "./core/service";

const UNKNOWN: Bytes = Bytes.of("unknown");
const LATEST: Bytes = Bytes.of("latest");
const DASH: Bytes = Bytes.of("-");
const HTTP: Bytes = Bytes.of("http");
const GRPC: Bytes = Bytes.of("grpc");
const TCP: Bytes = Bytes.of("tcp");
const MUTUAL_TLS: Bytes = Bytes.of("mutual_tls");
const NONE: Bytes = Bytes.of("none");
const SOURCE: Bytes = Bytes.of("source");
const DESTINATION: Bytes = Bytes.of("destination");
const GRPC_TYPE: Bytes = Bytes.of("application/grpc");
/** Statuses that gRPC knows; another number is an upstream's whim. */
const MOST_GRPC: i64 = 16;

const CODE: PropertyPath = PropertyPath.of("response.code");
const FLAGS: PropertyPath = PropertyPath.of("response.flags");
const GRPC_STATUS: PropertyPath = PropertyPath.of("response.grpc_status");
const CLUSTER: PropertyPath = PropertyPath.of("xds.cluster_name");
const PEER: PropertyPath = PropertyPath.of("connection.uri_san_peer_certificate");
const LOCAL: PropertyPath = PropertyPath.of("connection.uri_san_local_certificate");
const UPSTREAM_PEER: PropertyPath = PropertyPath.of("upstream.uri_san_peer_certificate");
const UPSTREAM_LOCAL: PropertyPath = PropertyPath.of("upstream.uri_san_local_certificate");

/** In `needed`, beside the dimensions: whether the request is gRPC. */
export const IS_GRPC: u32 = 1 << 31;
/** What is found together. */
const OF_PROTOCOL: u32 = IS_GRPC | (1 << Dimension.RequestProtocol) | (1 << Dimension.GrpcResponseStatus);
const OF_MESSAGE: u32 =
  (1 << Dimension.RequestProtocol) | (1 << Dimension.GrpcResponseStatus) | (1 << Dimension.ResponseFlags) | (1 << Dimension.ResponseCode);
const OF_CLIENT: u32 =
  (1 << Dimension.SourcePrincipal) |
  (1 << Dimension.SourceWorkloadNamespace) |
  (1 << Dimension.DestinationPrincipal) |
  (1 << Dimension.ConnectionSecurityPolicy);
const OF_SERVER: u32 =
  (1 << Dimension.SourcePrincipal) |
  (1 << Dimension.DestinationPrincipal) |
  (1 << Dimension.DestinationWorkloadNamespace) |
  (1 << Dimension.DestinationService) |
  (1 << Dimension.DestinationServiceName) |
  (1 << Dimension.DestinationServiceNamespace);

/** Finds the values of Istio's labels, by the rules of Istio's own filter, for one side of the mesh. */
export abstract class Reporter {
  /** By `Dimension`. What belongs to the own workload is there from the beginning. */
  readonly values: Bytes[] = [];
  /** The dimensions that are read anew for each request or connection, a bit for each; the others stay as they are. */
  readonly changing: u32;
  /** Of the request that was read last. */
  grpc: bool = false;
  private readonly text: ArenaBuffer = new ArenaBuffer();

  /** @param changing the dimensions of the peer, a bit for each */
  constructor(reporter: Bytes, changing: u32) {
    this.changing = OF_MESSAGE | changing;
    for (let i = 0; i < STANDARD.length; i++) this.values.push(UNKNOWN);
    this.set(Dimension.Reporter, reporter);
  }

  /** Of a request. @param needed the dimensions that somebody asks for, a bit for each: others are not read */
  read(stream: BaseContext, headers: Headers, needed: u32): void {
    if (needed & OF_PROTOCOL) {
      const type = headers.peek(HeaderName.CONTENT_TYPE);
      const grpc = type !== null && isGrpc(type);
      this.grpc = grpc;
      this.set(Dimension.RequestProtocol, grpc ? GRPC : HTTP);
      if (needed & (1 << Dimension.GrpcResponseStatus)) this.set(Dimension.GrpcResponseStatus, grpc ? this.grpcStatus(stream) : EMPTY);
    }
    if (needed & (1 << Dimension.ResponseCode)) {
      const text = this.text;
      text.clear();
      text.pushDecimal(<u64>max(stream.propertyInt(CODE), 0));
      this.set(Dimension.ResponseCode, text.bytes());
    }
    if (needed & (1 << Dimension.ResponseFlags)) this.set(Dimension.ResponseFlags, this.flags(stream));
    if (needed & this.changing & ~OF_MESSAGE) this.readPeer(stream);
  }

  /** Of a TCP connection. */
  readConnection(connection: BaseContext, needed: u32): void {
    this.set(Dimension.RequestProtocol, TCP);
    if (needed & (1 << Dimension.ResponseFlags)) this.set(Dimension.ResponseFlags, this.flags(connection));
    if (needed & this.changing & ~OF_MESSAGE) this.readPeer(connection);
  }

  protected abstract readPeer(stream: BaseContext): void;

  protected set(dimension: Dimension, value: Bytes): void {
    this.values[dimension] = value;
  }

  /** What is not known has a word of its own. */
  protected known(dimension: Dimension, value: Bytes | null, otherwise: Bytes = UNKNOWN): void {
    this.values[dimension] = value === null || value.length == 0 ? otherwise : value;
  }

  private grpcStatus(stream: BaseContext): Bytes {
    const status = stream.propertyInt(GRPC_STATUS, i64.MIN_VALUE);
    if (status == i64.MIN_VALUE) return EMPTY;
    if (status < 0 || status > MOST_GRPC) return UNKNOWN;
    const text = new ArenaBuffer();
    text.pushDecimal(<u64>status);
    return text.bytes();
  }

  private flags(stream: BaseContext): Bytes {
    const flags = <u64>stream.propertyInt(FLAGS);
    if (flags == 0) return DASH;
    const names = flagNames(flags, new ArenaBuffer());
    return names.length == 0 ? DASH : names;
  }
}

/** The server's side: the own workload is the destination. */
export class DestinationReporter extends Reporter {
  /** @param service the host that it serves; empty: its canonical service stands for it, as in Istio */
  constructor(own: Workload, service: Bytes) {
    super(DESTINATION, OF_CLIENT);
    const host = service.length > 0 ? service : own.canonicalService;
    this.known(Dimension.DestinationWorkload, own.name);
    this.known(Dimension.DestinationWorkloadNamespace, own.namespace);
    this.known(Dimension.DestinationApp, own.app);
    this.known(Dimension.DestinationVersion, own.version);
    this.known(Dimension.DestinationService, host);
    this.known(Dimension.DestinationServiceName, nameOfHost(host));
    this.known(Dimension.DestinationServiceNamespace, own.namespace);
    this.known(Dimension.DestinationCanonicalService, own.canonicalService);
    this.known(Dimension.DestinationCanonicalRevision, own.canonicalRevision, LATEST);
    this.known(Dimension.DestinationCluster, own.cluster);
    this.set(Dimension.SourceCanonicalRevision, LATEST);
  }

  protected readPeer(stream: BaseContext): void {
    const peer = stream.property(PEER);
    let local: Bytes | null = null;
    let namespace: Bytes = EMPTY;
    let mutual = false;
    if (peer !== null) {
      const own = stream.property(LOCAL);
      mutual = peer.length > 0 && own !== null && own.length > 0;
      local = own;
      namespace = namespaceOf(peer);
    }
    this.set(Dimension.ConnectionSecurityPolicy, mutual ? MUTUAL_TLS : NONE);
    this.known(Dimension.SourcePrincipal, peer);
    this.known(Dimension.SourceWorkloadNamespace, namespace);
    this.known(Dimension.DestinationPrincipal, local);
  }
}

/** The client's side: the own workload is the source. */
export class SourceReporter extends Reporter {
  constructor(own: Workload) {
    super(SOURCE, OF_SERVER);
    this.known(Dimension.SourceWorkload, own.name);
    this.known(Dimension.SourceWorkloadNamespace, own.namespace);
    this.known(Dimension.SourceApp, own.app);
    this.known(Dimension.SourceVersion, own.version);
    this.known(Dimension.SourceCanonicalService, own.canonicalService);
    this.known(Dimension.SourceCanonicalRevision, own.canonicalRevision, LATEST);
    this.known(Dimension.SourceCluster, own.cluster);
    this.set(Dimension.DestinationCanonicalRevision, LATEST);
  }

  protected readPeer(stream: BaseContext): void {
    const peer = stream.property(UPSTREAM_PEER);
    let local: Bytes | null = null;
    let byIdentity: Bytes = EMPTY;
    if (peer !== null) {
      local = stream.property(UPSTREAM_LOCAL);
      byIdentity = namespaceOf(peer);
    }
    const cluster = stream.property(CLUSTER);
    let host: Bytes = EMPTY;
    if (cluster !== null) host = hostOfCluster(cluster);
    const namespace = byIdentity.length > 0 ? byIdentity : namespaceOfHost(host);
    this.known(Dimension.SourcePrincipal, local);
    this.known(Dimension.DestinationPrincipal, peer);
    this.known(Dimension.DestinationWorkloadNamespace, byIdentity);
    this.known(Dimension.DestinationService, host);
    this.known(Dimension.DestinationServiceName, nameOfHost(host));
    this.known(Dimension.DestinationServiceNamespace, namespace);
  }
}

/** `application/grpc`, also with `+proto` or parameters; not `application/grpc-web`. */
function isGrpc(type: Bytes): bool {
  if (!type.startsWith(GRPC_TYPE)) return false;
  const next = type.at(GRPC_TYPE.length);
  return next < 0 || next == 0x2b || next == 0x3b;
}
