import { Bytes, HeaderName, Headers, Status } from "proxy-wasm-assemblyscript-sdk";
import { LocalReply } from "../../../policy";
import { Latency } from "./core/latency";

/** As Envoy's own filter says it. */
export const ABORT_BODY: Bytes = Bytes.of("fault filter abort");

/** RFC 9110, 15.3.5, 15.3.6, 15.4.5: with a body, a client would take it for the next answer. */
export function hasBody(status: u32): bool {
  return status != 204 && status != 205 && status != 304;
}

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

  /** False when the SDK refuses the status: with a 304 that tells a length, the client would read on into the next answer. */
  apply(headers: Headers): bool {
    if (this.status.length > 0 && headers.replace(HeaderName.STATUS, this.status) != Status.Ok) return false;
    for (let i = 0; i < this.removed.length; i++) headers.remove(this.removed[i]);
    for (let i = 0; i < this.setNames.length; i++) headers.replace(this.setNames[i], this.setValues[i]);
    for (let i = 0; i < this.addNames.length; i++) headers.add(this.addNames[i], this.addValues[i]);
    return true;
  }
}
