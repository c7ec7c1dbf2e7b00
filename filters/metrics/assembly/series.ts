import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Stat } from "./metric";

/**
 * A group's metrics with one set of values. A stat is there from its first record on: without gRPC no metric of messages stands at 0.
 */
export class Series {
  readonly stats: StaticArray<Stat | null>;

  /** @param key the values, each with its length in front @param count of metrics */
  constructor(
    readonly key: Bytes,
    count: i32,
  ) {
    this.stats = new StaticArray<Stat | null>(count);
  }
}
