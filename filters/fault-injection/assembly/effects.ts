import { Bytes, HeaderName, Headers, Status } from "proxy-wasm-assemblyscript-sdk";
import { LocalReply } from "../../../policy";
import { Latency } from "./core/latency";

/** As Envoy's own filter says it. */
export const ABORT_BODY: Bytes = Bytes.of("fault filter abort");

/** Holds the request. Shares are of `WHOLE`. */
export class Delay {
  constructor(
    readonly latency: Latency,
    readonly share: u32,
  ) {}
}

/** Answers in the upstream's place. */
export class Abort {
  constructor(
    /** Null: the stream is reset. */
    readonly reply: LocalReply | null,
    readonly share: u32,
  ) {}
}

/** Changes the upstream's answer. */
export class ResponseChange {
  /** Empty: the status stays. */
  status: Bytes = Bytes.of("");
  readonly setNames: HeaderName[] = [];
  readonly setValues: Bytes[] = [];
  readonly addNames: HeaderName[] = [];
  readonly addValues: Bytes[] = [];
  readonly removed: HeaderName[] = [];
  share: u32 = 0;

  /**
   * False when something of it was refused: a status under which the client would take what follows for the next answer (of a 101, or of a 304 that tells
   * a length), or anything that the host does not do. What comes before that is done.
   */
  apply(headers: Headers): bool {
    let done = this.status.length == 0 || headers.replace(HeaderName.STATUS, this.status) == Status.Ok;
    for (let i = 0; done && i < this.removed.length; i++) done = headers.remove(this.removed[i]) == Status.Ok;
    for (let i = 0; done && i < this.setNames.length; i++) done = headers.replace(this.setNames[i], this.setValues[i]) == Status.Ok;
    for (let i = 0; done && i < this.addNames.length; i++) done = headers.add(this.addNames[i], this.addValues[i]) == Status.Ok;
    return done;
  }
}
