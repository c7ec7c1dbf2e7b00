import { BaseContext, PropertyPath } from "proxy-wasm-assemblyscript-sdk";

const DIRECTION: PropertyPath = PropertyPath.of("xds.listener_direction");
/** envoy.config.core.v3.TrafficDirection */
const OUTBOUND: i64 = 2;

/** Whether the listener's `traffic_direction` is OUTBOUND: the own workload calls others. False for a listener that has none. */
export function isOutbound(stream: BaseContext): bool {
  return stream.propertyInt(DIRECTION) == OUTBOUND;
}
