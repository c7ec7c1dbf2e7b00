import { Bytes, EMPTY, hasNoBody, HeaderName, Headers, Status } from "proxy-wasm-assemblyscript-sdk";
import { Attributes, LocalReply } from "../../../policy";
import { atoi, found } from "./core/atoi";
import { sameSecret } from "./core/same-secret";
import { WHOLE } from "./core/dice";
import { ABORT_BODY } from "./effects";
import { Fault } from "./fault";
import { PrincipalPattern } from "./principal-pattern";

const DELAY: HeaderName = new HeaderName("x-envoy-fault-delay-request");
const ABORT: HeaderName = new HeaderName("x-envoy-fault-abort-request");
const GRPC_ABORT: HeaderName = new HeaderName("x-envoy-fault-abort-grpc-request");
const DELAY_PERCENTAGE: HeaderName = new HeaderName("x-envoy-fault-delay-request-percentage");
const ABORT_PERCENTAGE: HeaderName = new HeaderName("x-envoy-fault-abort-request-percentage");
/** All of Envoy's; the last two only its own filter obeys. */
const ALL: HeaderName[] = [
  DELAY,
  ABORT,
  GRPC_ABORT,
  DELAY_PERCENTAGE,
  ABORT_PERCENTAGE,
  new HeaderName("x-envoy-fault-throughput-response"),
  new HeaderName("x-envoy-fault-throughput-response-percentage"),
];

const MILLISECOND: u64 = 1_000_000;
/** As long as a configured delay may be. */
const LONGEST: u64 = 86_400_000;
const MOST_GRPC: u64 = 16;

/**
 * Envoy's `x-envoy-fault-*` headers, read as Envoy's own filter reads them: of each the first value, a value that is none as absent.
 * https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/http/http_filters/fault_filter#controlling-fault-injection-via-http-headers
 */
export class HeaderControl {
  /** Who sends it may; null: `from` says who. */
  secret: Bytes | null = null;
  secretHeader: HeaderName = new HeaderName("x-fault-secret");
  from: PrincipalPattern[] = [];
  delayShare: u32 = WHOLE;
  abortShare: u32 = WHOLE;
  /** Parts of `WHOLE` that a header's 1 means. */
  part: u32 = WHOLE / 100;
  strips: bool = false;

  /** @param fault what its faults count as */
  constructor(readonly fault: Fault) {}

  /** Whether a request asks for a fault, and may. */
  applies(headers: Headers, from: Attributes): bool {
    if (!headers.has(DELAY) && !headers.has(ABORT) && !headers.has(GRPC_ABORT)) return false;
    const secret = this.secret;
    if (secret !== null) {
      const given = headers.unique(this.secretHeader);
      return given !== null && sameSecret(given, secret);
    }
    return PrincipalPattern.any(this.from, from);
  }

  /**
   * Takes out what the upstream shall not see.
   *
   * @param blind the host does not say which headers there are
   * @returns false when the host does not do it, and the secret would go on
   */
  strip(headers: Headers, blind: bool): bool {
    for (let i = 0; this.strips && i < ALL.length; i++) if (blind || headers.has(ALL[i])) headers.remove(ALL[i]);
    if (this.secret === null || (!blind && !headers.has(this.secretHeader))) return true;
    return headers.remove(this.secretHeader) == Status.Ok;
  }

  /** Nanoseconds; 0: none. */
  delay(headers: Headers): u64 {
    const value = headers.get(DELAY);
    // Envoy takes what is beyond for less than nothing.
    return value !== null && atoi(value, <u64>i64.MAX_VALUE) ? min(found, LONGEST) * MILLISECOND : 0;
  }

  shareOfDelay(headers: Headers): u32 {
    return this.share(headers, DELAY_PERCENTAGE, this.delayShare);
  }

  shareOfAbort(headers: Headers): u32 {
    return this.share(headers, ABORT_PERCENTAGE, this.abortShare);
  }

  /** The answer that is asked for; null: none. An HTTP status goes before one of gRPC, which comes with a 200. */
  abort(headers: Headers): LocalReply | null {
    const http = headers.get(ABORT);
    if (http !== null && atoi(http, u64.MAX_VALUE) && found >= 200 && found <= 599) {
      const status = <u32>found;
      return new LocalReply(status, hasNoBody(status) ? EMPTY : ABORT_BODY, -1);
    }
    const grpc = headers.get(GRPC_ABORT);
    if (grpc === null || !atoi(grpc, u64.MAX_VALUE) || found > MOST_GRPC) return null;
    return new LocalReply(200, ABORT_BODY, <i32>found);
  }

  /** The smaller of what the header asks for and what is configured; what is no number asks for nothing. */
  private share(headers: Headers, name: HeaderName, configured: u32): u32 {
    const value = headers.get(name);
    if (value === null || !atoi(value, u32.MAX_VALUE)) return configured;
    return <u32>min(found * <u64>this.part, <u64>configured);
  }
}
