import { ArenaBuffer, BaseContext, Bytes, EMPTY, HeaderName, Headers, PropertyPath } from "proxy-wasm-assemblyscript-sdk";
import { flagNames, Workload } from "../../../policy";
import { Dimension, STANDARD } from "./core/dimension";
import { Party } from "./party";

const UNKNOWN: Bytes = Bytes.of("unknown");
/** A canonical revision that nobody has named. */
export const LATEST: Bytes = Bytes.of("latest");
const DASH: Bytes = Bytes.of("-");
const HTTP: Bytes = Bytes.of("http");
const GRPC: Bytes = Bytes.of("grpc");
const TCP: Bytes = Bytes.of("tcp");
const GRPC_TYPE: Bytes = Bytes.of("application/grpc");
/** Statuses that gRPC knows; another number is an upstream's whim. */
const MOST_GRPC: i64 = 16;

const CODE: PropertyPath = PropertyPath.of("response.code");
const FLAGS: PropertyPath = PropertyPath.of("response.flags");
const GRPC_STATUS: PropertyPath = PropertyPath.of("response.grpc_status");

/** In `needed`, beside the dimensions: whether the request is gRPC. */
export const IS_GRPC: u32 = 1 << 31;
/** What is found together. */
const OF_PROTOCOL: u32 = IS_GRPC | (1 << Dimension.RequestProtocol) | (1 << Dimension.GrpcResponseStatus);
const OF_MESSAGE: u32 =
  (1 << Dimension.RequestProtocol) | (1 << Dimension.GrpcResponseStatus) | (1 << Dimension.ResponseFlags) | (1 << Dimension.ResponseCode);

/** Finds the values of Istio's labels, by the rules of Istio's own filter, for one side of the mesh. */
export abstract class Reporter {
  /** By `Dimension`. What belongs to the own workload is there from the beginning. */
  readonly values: Bytes[] = [];
  /** The dimensions that are read anew for each request or connection, a bit for each; the others stay as they are. */
  readonly changing: u32;
  /** Of the request that was read last. */
  grpc: bool = false;
  private readonly text: ArenaBuffer = new ArenaBuffer();

  /** @param ofPeer the dimensions that `readPeer` reads, a bit for each */
  constructor(
    reporter: Bytes,
    private ofPeer: u32,
  ) {
    this.changing = OF_MESSAGE | ofPeer;
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
    if (needed & this.ofPeer) this.readPeer(stream);
  }

  /** Of a TCP connection. */
  readConnection(connection: BaseContext, needed: u32): void {
    this.set(Dimension.RequestProtocol, TCP);
    if (needed & (1 << Dimension.ResponseFlags)) this.set(Dimension.ResponseFlags, this.flags(connection));
    if (needed & this.ofPeer) this.readPeer(connection);
  }

  protected abstract readPeer(stream: BaseContext): void;

  protected set(dimension: Dimension, value: Bytes): void {
    this.values[dimension] = value;
  }

  /** What is not known has a word of its own. */
  protected known(dimension: Dimension, value: Bytes | null, otherwise: Bytes = UNKNOWN): void {
    this.values[dimension] = value === null || value.length == 0 ? otherwise : value;
  }

  /** Who a party is: the own workload, or a peer. Its namespace may have other sources, too: not here. */
  protected describe(party: Party, workload: Workload): void {
    this.known(party.workload, workload.name);
    this.known(party.app, workload.app);
    this.known(party.version, workload.version);
    this.known(party.canonicalService, workload.canonicalService);
    this.known(party.canonicalRevision, workload.canonicalRevision, LATEST);
    this.known(party.cluster, workload.cluster);
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

/** `application/grpc`, also with `+proto` or parameters; not `application/grpc-web`. */
function isGrpc(type: Bytes): bool {
  if (!type.startsWith(GRPC_TYPE)) return false;
  const next = type.at(GRPC_TYPE.length);
  return next < 0 || next == 0x2b || next == 0x3b;
}
