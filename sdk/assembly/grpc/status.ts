import { proxy_get_status } from "../abi/imports";
import { GrpcStatus, Status } from "../abi/enums";
import { clearOut, OUT, OUT_EXTRA, OUT_LENGTH, outBytes, setLastStatus } from "../abi/out";
import { Bytes, EMPTY } from "../bytes";

/** A number that is no status of gRPC's, which Envoy hands on as it is, is Unknown. */
export function grpcStatusOf(code: u32): GrpcStatus {
  return code <= <u32>GrpcStatus.Unauthenticated ? <GrpcStatus>code : GrpcStatus.Unknown;
}

/** How a call or stream ended. Valid until the callback ends. */
export class GrpcEnd {
  /** The other side's `grpc-message`, percent-encoded as it came, or Envoy's reason, for example `upstream request timeout`; may be empty. */
  readonly message: Bytes;
  /** Envoy's response code details: `via_upstream` for what the other side said itself, else for example `response_timeout`. */
  readonly details: Bytes;

  /** @internal Reads what Envoy says of the callback that runs. */
  constructor(readonly status: GrpcStatus) {
    clearOut();
    const read = setLastStatus(proxy_get_status(OUT_EXTRA, OUT, OUT_LENGTH));
    const text = read == Status.Ok ? outBytes() : EMPTY;
    // `MESSAGE{DETAILS}`, or details alone; the details may hold braces of their own.
    const brace = text.at(text.length - 1) == 0x7d ? opening(text) : -1;
    this.message = brace < 0 ? EMPTY : text.slice(0, brace);
    this.details = brace < 0 ? text : text.slice(brace + 1, text.length - 1);
  }

  /** Our own timeout was reached; a service that says so itself does it as `via_upstream`. */
  get timedOut(): bool {
    return this.details.equals(RESPONSE_TIMEOUT);
  }
}

const RESPONSE_TIMEOUT: Bytes = Bytes.of("response_timeout");

/** Where the brace opens that the last character closes; -1 when none does. */
function opening(text: Bytes): i32 {
  let depth = 0;
  for (let i = text.length - 1; i >= 0; i--) {
    const c = text.at(i);
    if (c == 0x7d) depth++;
    else if (c == 0x7b && --depth == 0) return i;
  }
  return -1;
}
