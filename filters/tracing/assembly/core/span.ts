import { Bytes, EMPTY } from "proxy-wasm-assemblyscript-sdk";

/** What a request that is over was, for a trace: read from the host, written in one format or the other. Empty texts and zeros are absent. */
export class Span {
  traceHigh: u64 = 0;
  traceLow: u64 = 0;
  id: u64 = 0;
  /** 0 where the trace begins here. */
  parentId: u64 = 0;
  /** B3's and Jaeger's: keep it whatever happens. */
  debug: bool = false;
  /** The proxy stands at the client's side. */
  client: bool = false;
  /** Nanoseconds since 1970. */
  start: u64 = 0;
  /** Nanoseconds. */
  duration: u64 = 0;
  /** As it came; any text over HTTP/2. */
  method: Bytes = EMPTY;
  scheme: Bytes = EMPTY;
  /** Host, and perhaps a port. */
  authority: Bytes = EMPTY;
  /** With its query, which is left out of spans: it may hold secrets. */
  path: Bytes = EMPTY;
  /** `HTTP/1.1` */
  protocol: Bytes = EMPTY;
  userAgent: Bytes = EMPTY;
  requestId: Bytes = EMPTY;
  /** The other side's address: the client's as Envoy trusts it, or the upstream's. */
  peer: Bytes = EMPTY;
  principal: Bytes = EMPTY;
  route: Bytes = EMPTY;
  cluster: Bytes = EMPTY;
  /** 0: there was no answer. */
  status: u32 = 0;
  /** -1: this is not gRPC. */
  grpcStatus: i32 = -1;
  /** A bit for each of Envoy's response flags. */
  flags: u64 = 0;
  /** Envoy's response code details. */
  details: Bytes = EMPTY;

  /** Lets go of texts, which are borrowed and gone when the callback is over. */
  forget(): void {
    this.method = EMPTY;
    this.scheme = EMPTY;
    this.authority = EMPTY;
    this.path = EMPTY;
    this.protocol = EMPTY;
    this.userAgent = EMPTY;
    this.requestId = EMPTY;
    this.peer = EMPTY;
    this.principal = EMPTY;
    this.route = EMPTY;
    this.cluster = EMPTY;
    this.details = EMPTY;
  }
}
