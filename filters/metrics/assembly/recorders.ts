import { BaseContext, PropertyPath } from "proxy-wasm-assemblyscript-sdk";
import { Side } from "./config";
import { Recorder } from "./recorder";

const DIRECTION: PropertyPath = PropertyPath.of("xds.listener_direction");
const OUTBOUND: i64 = 2;

/** Of both sides, and which of them a stream is on. */
export class Recorders {
  /** @param side Unknown: the listener's direction says it */
  constructor(
    private side: Side,
    private source: Recorder,
    private destination: Recorder,
  ) {}

  of(stream: BaseContext): Recorder {
    const side = this.side;
    const isSource = side == Side.Unknown ? stream.propertyInt(DIRECTION) == OUTBOUND : side == Side.Source;
    return isSource ? this.source : this.destination;
  }
}
