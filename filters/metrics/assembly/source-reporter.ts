import { BaseContext, Bytes, EMPTY, PropertyPath } from "proxy-wasm-assemblyscript-sdk";
import { hostOfCluster, namespaceOf, Workload } from "../../../policy";
import { Dimension } from "./core/dimension";
import { nameOfHost, namespaceOfHost } from "./core/service";
import { DESTINATION_PARTY, SOURCE_PARTY } from "./party";
import { Peer } from "./peer";
import { LATEST, Reporter } from "./reporter";

const SOURCE: Bytes = Bytes.of("source");
const CLUSTER: PropertyPath = PropertyPath.of("xds.cluster_name");
const PEER: PropertyPath = PropertyPath.of("upstream.uri_san_peer_certificate");
const LOCAL: PropertyPath = PropertyPath.of("upstream.uri_san_local_certificate");
const OF_SERVER: u32 =
  (1 << Dimension.SourcePrincipal) |
  (1 << Dimension.DestinationPrincipal) |
  (1 << Dimension.DestinationWorkloadNamespace) |
  (1 << Dimension.DestinationService) |
  (1 << Dimension.DestinationServiceName) |
  (1 << Dimension.DestinationServiceNamespace);

/** The client's side: the own workload is the source. */
export class SourceReporter extends Reporter {
  /** @param peer what the server says of itself; null: nobody asks */
  constructor(
    own: Workload,
    private peer: Peer | null,
  ) {
    super(SOURCE, peer === null ? OF_SERVER : OF_SERVER | DESTINATION_PARTY.all);
    this.describe(SOURCE_PARTY, own);
    this.known(Dimension.SourceWorkloadNamespace, own.namespace);
    this.set(Dimension.DestinationCanonicalRevision, LATEST);
  }

  protected readPeer(stream: BaseContext): void {
    const identity = stream.property(PEER);
    let local: Bytes | null = null;
    let workloadNamespace: Bytes = EMPTY;
    if (identity !== null) {
      local = stream.property(LOCAL);
      workloadNamespace = namespaceOf(identity);
    }
    const peer = this.peer;
    if (peer !== null) {
      const workload = peer.read(stream);
      this.describe(DESTINATION_PARTY, workload);
      // What the certificate says comes first: it was verified.
      if (workloadNamespace.length == 0) workloadNamespace = workload.namespace;
    }
    const cluster = stream.property(CLUSTER);
    let host: Bytes = EMPTY;
    if (cluster !== null) host = hostOfCluster(cluster);
    const namespace = workloadNamespace.length > 0 ? workloadNamespace : namespaceOfHost(host);
    this.known(Dimension.SourcePrincipal, local);
    this.known(Dimension.DestinationPrincipal, identity);
    this.known(Dimension.DestinationWorkloadNamespace, workloadNamespace);
    this.known(Dimension.DestinationService, host);
    this.known(Dimension.DestinationServiceName, nameOfHost(host));
    this.known(Dimension.DestinationServiceNamespace, namespace);
  }
}
