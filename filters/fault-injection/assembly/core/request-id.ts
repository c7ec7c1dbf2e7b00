import { ArenaBuffer, Bytes } from "proxy-wasm-assemblyscript-sdk";

const LENGTH: i32 = 36;
/** Where Envoy notes in a UUID whether the request is traced: `4`, `9`, `a` or `b`. */
const TRACED: i32 = 14;
const DASH: i32 = 0x2d;
const UNTRACED: u8 = 0x34;

/**
 * Appends `x-request-id`, its length in front, without what Envoy's UUID extension writes into it: a request that is traced on one machine and not
 * on another is the same request.
 * https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/extensions/request_id/uuid/v3/uuid.proto
 */
export function pushRequestId(id: Bytes, into: ArenaBuffer): void {
  into.pushSized(id);
  if (!into.ok || id.length != LENGTH) return;
  if (id.at(8) != DASH || id.at(13) != DASH || id.at(18) != DASH || id.at(23) != DASH) return;
  store<u8>(into.at + <usize>(into.length - LENGTH + TRACED), UNTRACED);
}
