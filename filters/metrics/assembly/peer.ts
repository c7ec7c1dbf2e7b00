import { BaseContext, EMPTY, PropertyPath } from "proxy-wasm-assemblyscript-sdk";
import { readPeer, Workload } from "../../../policy";

const FILTER_STATE: PropertyPath = PropertyPath.of("filter_state");

/** What the other proxy has said of its workload, where the peer-metadata filter has left it. */
export class Peer {
  readonly workload: Workload = new Workload();
  private readonly path: PropertyPath;

  /** @param property `DOWNSTREAM_PEER` or `UPSTREAM_PEER` */
  constructor(property: string) {
    this.path = FILTER_STATE.then("wasm." + property);
  }

  /** Of a request or connection; what is not known is empty. */
  read(stream: BaseContext): Workload {
    const record = stream.property(this.path);
    readPeer(record === null ? EMPTY : record, this.workload);
    return this.workload;
  }
}
