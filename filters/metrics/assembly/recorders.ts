import { BaseContext } from "proxy-wasm-assemblyscript-sdk";
import { isOutbound } from "../../../policy";
import { Side } from "./config";
import { Recorder } from "./recorder";

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
    const isSource = side == Side.Unknown ? isOutbound(stream) : side == Side.Source;
    return isSource ? this.source : this.destination;
  }
}
