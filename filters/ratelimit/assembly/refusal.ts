import { ArenaBuffer, Bytes, GrpcStatus, HeaderList, HeaderName, HttpContext, Status } from "proxy-wasm-assemblyscript-sdk";
import { Attempt } from "./attempt";
import { pushInteger, secondsUp } from "./core/fields";
import { REASONS } from "./outcome";
import { Report } from "./report";

const RETRY_AFTER: HeaderName = new HeaderName("retry-after");
const DETAILS: Bytes = Bytes.of("request_rate_limited{");

/** The answer to a request that is refused. */
export class Refusal {
  status: u32 = 429;
  body: Bytes = Bytes.of("Too many requests");
  contentType: Bytes = Bytes.of("text/plain");
  grpcStatus: GrpcStatus = GrpcStatus.ResourceExhausted;
  readonly names: HeaderName[] = [];
  readonly values: Bytes[] = [];

  /**
   * @param because the first limit that refuses
   * @param wait nanoseconds; 0: waiting does not help
   */
  send(context: HttpContext, because: Attempt, wait: u64, report: Report, told: u32): void {
    const headers = new HeaderList().add(HeaderName.CONTENT_TYPE, this.contentType);
    for (let i = 0; i < this.names.length; i++) headers.add(this.names[i], this.values[i]);
    const text = new ArenaBuffer();
    if (wait > 0) {
      pushInteger(text, secondsUp(wait));
      headers.add(RETRY_AFTER, text.bytes());
    }
    report.putInto(headers, told);
    text.clear();
    text.pushBytes(DETAILS);
    text.pushBytes(because.refusingName);
    const reason = REASONS[because.outcome];
    if (reason.length > 0) text.pushByte(0x2c);
    text.pushBytes(reason);
    text.pushByte(0x7d);
    const status = context.sendLocalResponse(this.status, this.body, headers, text.bytes(), this.grpcStatus);
    // Left out of capability_restriction_config: better no answer than a client that waits for one.
    if (status != Status.Ok) context.closeStream();
  }
}
