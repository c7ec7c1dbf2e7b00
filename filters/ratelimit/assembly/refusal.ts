import { ArenaBuffer, Bytes, HeaderName, HttpContext } from "proxy-wasm-assemblyscript-sdk";
import { LocalReply } from "../../../policy";
import { Attempt } from "./attempt";
import { pushInteger, secondsUp } from "./core/fields";
import { REASONS } from "./outcome";
import { Report } from "./report";

const RETRY_AFTER: HeaderName = new HeaderName("retry-after");
const DETAILS: Bytes = Bytes.of("request_rate_limited{");

/**
 * Answers a request that is refused.
 *
 * @param because the first limit that refuses
 * @param wait nanoseconds; 0: waiting does not help
 */
export function sendRefusal(context: HttpContext, reply: LocalReply, because: Attempt, wait: u64, report: Report, told: u32): void {
  const headers = reply.headers();
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
  reply.send(context, headers, text.bytes());
}
