import { BaseContext, Bytes, EMPTY, PropertyPath } from "proxy-wasm-assemblyscript-sdk";
import { namespaceOf, Workload } from "../../../policy";
import { Dimension } from "./core/dimension";
import { nameOfHost } from "./core/service";
import { DESTINATION_PARTY, SOURCE_PARTY } from "./party";
import { Peer } from "./peer";
import { LATEST, Reporter } from "./reporter";

const DESTINATION: Bytes = Bytes.of("destination");
const MUTUAL_TLS: Bytes = Bytes.of("mutual_tls");
const NONE: Bytes = Bytes.of("none");
const PEER: PropertyPath = PropertyPath.of("connection.uri_san_peer_certificate");
const LOCAL: PropertyPath = PropertyPath.of("connection.uri_san_local_certificate");
const OF_CLIENT: u32 =
  (1 << Dimension.SourcePrincipal) |
  (1 << Dimension.SourceWorkloadNamespace) |
  (1 << Dimension.DestinationPrincipal) |
  (1 << Dimension.ConnectionSecurityPolicy);

/** The server's side: the own workload is the destination. */
export class DestinationReporter extends Reporter {
  /**
   * @param service the host that it serves; empty: its canonical service stands for it, as in Istio
   * @param peer what the client says of itself; null: nobody asks
   */
  constructor(
    own: Workload,
    service: Bytes,
    private peer: Peer | null,
  ) {
    super(DESTINATION, peer === null ? OF_CLIENT : OF_CLIENT | SOURCE_PARTY.all);
    const host = service.length > 0 ? service : own.canonicalService;
    this.describe(DESTINATION_PARTY, own);
    this.known(Dimension.DestinationWorkloadNamespace, own.namespace);
    this.known(Dimension.DestinationService, host);
    this.known(Dimension.DestinationServiceName, nameOfHost(host));
    this.known(Dimension.DestinationServiceNamespace, own.namespace);
    this.set(Dimension.SourceCanonicalRevision, LATEST);
  }

  protected readPeer(stream: BaseContext): void {
    const identity = stream.property(PEER);
    let local: Bytes | null = null;
    let namespace: Bytes = EMPTY;
    let mutual = false;
    if (identity !== null) {
      const own = stream.property(LOCAL);
      mutual = identity.length > 0 && own !== null && own.length > 0;
      local = own;
      namespace = namespaceOf(identity);
    }
    const peer = this.peer;
    if (peer !== null) {
      const workload = peer.read(stream);
      this.describe(SOURCE_PARTY, workload);
      // What the certificate says comes first: it was verified.
      if (namespace.length == 0) namespace = workload.namespace;
    }
    this.set(Dimension.ConnectionSecurityPolicy, mutual ? MUTUAL_TLS : NONE);
    this.known(Dimension.SourcePrincipal, identity);
    this.known(Dimension.SourceWorkloadNamespace, namespace);
    this.known(Dimension.DestinationPrincipal, local);
  }
}
