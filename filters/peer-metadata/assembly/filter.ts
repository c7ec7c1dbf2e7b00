import {
  ArenaBuffer,
  Bytes,
  EMPTY,
  FilterHeadersStatus,
  HeaderName,
  Headers,
  HttpContext,
  isFieldValue,
  JsonObject,
  MemoryGauges,
  PropertyPath,
  randomBytes,
  RootContext,
  SipHash,
  Status,
} from "proxy-wasm-assemblyscript-sdk";
import { Attributes, completed, DOWNSTREAM_PEER, isOutbound, pushPeer, UPSTREAM_PEER } from "../../../policy";
import { Direction, PeerMetadataConfig, readConfig } from "./config";
import { Peers } from "./core/peers";
import { PeerReader } from "./core/read";
import { headerOf } from "./core/write";
import { instanceOf } from "./instance";

const ID: HeaderName = new HeaderName("x-envoy-peer-metadata-id");
const METADATA: HeaderName = new HeaderName("x-envoy-peer-metadata");

/** One part of a path each, dots included: they read back as filter state `wasm.meshscript.downstream_peer` and its like. */
const DOWNSTREAM: PropertyPath = new PropertyPath(Bytes.of(DOWNSTREAM_PEER));
const UPSTREAM: PropertyPath = new PropertyPath(Bytes.of(UPSTREAM_PEER));

const NODE_ID: PropertyPath = PropertyPath.of("xds.node.id");
const CALLER: PropertyPath = PropertyPath.of("connection.uri_san_peer_certificate");
const CALLEE: PropertyPath = PropertyPath.of("upstream.uri_san_peer_certificate");
const SPIFFE: Bytes = Bytes.of("spiffe://");

export class PeerMetadataRoot extends RootContext {
  config: PeerMetadataConfig = new PeerMetadataConfig();
  /** The own headers; an empty id is not sent. */
  id: Bytes = EMPTY;
  metadata: Bytes = EMPTY;
  readonly attributes: Attributes = new Attributes();
  private peers: Peers = new Peers(new SipHash(0, 0));
  private readonly reader: PeerReader = new PeerReader();
  private gauges: MemoryGauges | null = null;

  configure(json: JsonObject): bool {
    this.config = readConfig(json);
    if (!json.ok()) return false;
    const seed = new StaticArray<u64>(2);
    if (!randomBytes(changetype<usize>(seed), 16)) return this.lacks("random numbers", "random_get");
    this.peers = new Peers(new SipHash(seed[0], seed[1]));
    const own = completed(this.config.workload, this);
    this.metadata = headerOf(own, instanceOf(own, this)).copy();
    const id = this.property(NODE_ID);
    this.id = id !== null && isFieldValue(id) ? id.copy() : EMPTY;
    const gauges = new MemoryGauges("meshscript_peer_metadata");
    gauges.report();
    this.gauges = gauges;
    return true;
  }

  createHttpContext(): HttpContext | null {
    const gauges = this.gauges;
    if (gauges !== null) gauges.tick();
    return new Exchange(this);
  }

  /** What a header says, for filter state; empty when it says nothing. */
  recordOf(header: Bytes): Bytes {
    const known = this.peers.find(header);
    if (known !== null) return known;
    let record = EMPTY;
    if (this.reader.read(header)) {
      const text = new ArenaBuffer();
      pushPeer(this.reader.peer, text);
      record = text.bytes();
    }
    this.peers.add(header, record);
    return record;
  }
}

/** A request, and what its two sidecars tell each other on the way. */
class Exchange extends HttpContext {
  private direction: Direction;
  /** We have told the callee who we are, or the caller has told us and gets an answer. */
  private begun: bool = false;

  constructor(private readonly own: PeerMetadataRoot) {
    super();
    this.direction = own.config.direction;
  }

  onRequestHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    if (this.isInbound()) {
      this.begun = this.learn(headers, CALLER, DOWNSTREAM);
      clear(headers);
    } else {
      // Before any edit: another header may be another route, and with it another cluster.
      this.begun = this.own.config.when.hold(this.own.attributes.of(headers, this));
      if (this.begun) this.tell(headers);
      else clear(headers);
    }
    return FilterHeadersStatus.Continue;
  }

  onResponseHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    if (!this.isInbound()) {
      // Who was told nothing owes no answer: what comes unasked is none.
      if (this.begun) this.learn(headers, CALLEE, UPSTREAM);
      clear(headers);
    } else if (this.begun) this.tell(headers);
    else {
      // Unseen: two removals cost less than to read the headers.
      headers.remove(ID);
      headers.remove(METADATA);
    }
    return FilterHeadersStatus.Continue;
  }

  private isInbound(): bool {
    if (this.direction == Direction.Unknown) {
      this.direction = isOutbound(this) ? Direction.Outbound : Direction.Inbound;
    }
    return this.direction == Direction.Inbound;
  }

  /** In place of all that is there. */
  private tell(headers: Headers): void {
    headers.replace(METADATA, this.own.metadata);
    if (this.own.id.length > 0) headers.replace(ID, this.own.id);
    else headers.remove(ID);
  }

  /** Notes what the peer says of itself; false when it says nothing that is to be believed. */
  private learn(headers: Headers, identity: PropertyPath, state: PropertyPath): bool {
    // Of two headers nobody knows which one the peer's proxy wrote.
    const header = headers.unique(METADATA);
    if (header === null || headers.count(ID) > 1 || !this.trusts(identity)) return false;
    const record = this.own.recordOf(header);
    if (record.length == 0) return false;
    this.setProperty(state, record);
    return true;
  }

  /** A certificate alone is not of the mesh: any host on the internet has one. */
  private trusts(identity: PropertyPath): bool {
    if (this.own.config.trustsAll) return true;
    const principal = this.property(identity);
    return principal !== null && principal.startsWith(SPIFFE);
  }
}

/** Removes both headers, also when the host does not show what is there. An edit of a request has its route picked anew: none without need. */
function clear(headers: Headers): void {
  if (headers.has(ID) || headers.status != Status.Ok) headers.remove(ID);
  if (headers.has(METADATA) || headers.status != Status.Ok) headers.remove(METADATA);
}
