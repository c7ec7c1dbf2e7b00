import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { copyBytes } from "proxy-wasm-assemblyscript-sdk/assembly/memory/copy";
import { sameBytes } from "proxy-wasm-assemblyscript-sdk/assembly/memory/compare";
import { Series } from "./series";

const PLACES: i32 = 32;
/** Of a place: what is longer is not kept. */
const BYTES: i32 = 256;

/**
 * Series that were found lately, by the values of their labels as they came. A proxy meets the same few again and again: to compare them takes a fifth
 * of what it takes to look for what no label may hold, and to hash with a key. Who varies the values only has others find no shortcut.
 */
export class Recent {
  private readonly series: StaticArray<Series | null> = new StaticArray<Series | null>(PLACES);
  /** Of each place the values one after the other, each with its length in front. */
  private readonly values: StaticArray<u8> = new StaticArray<u8>(PLACES * BYTES);

  /** Which place they have: not a hash that anybody has to be unable to foresee. */
  placeOf(values: StaticArray<Bytes>): i32 {
    let mixed: u32 = 0;
    for (let i = 0; i < values.length; i++) {
      const value = unchecked(values[i]);
      const length = <u32>value.length;
      const last = length == 0 ? 0 : <u32>load<u8>(value.ptr + <usize>(length - 1));
      mixed = mixed * 31 + (length << 4) + last;
    }
    return (<i32>(mixed ^ (mixed >> 7))) & (PLACES - 1);
  }

  /** What is kept at a place, if it is of these values. */
  at(place: i32, values: StaticArray<Bytes>): Series | null {
    const series = unchecked(this.series[place]);
    if (series === null) return null;
    let at = this.startOf(place);
    for (let i = 0; i < values.length; i++) {
      const value = unchecked(values[i]);
      const length = value.length;
      if (load<i32>(at) != length || !sameBytes(at + 4, value.ptr, <usize>length)) return null;
      at += <usize>length + 4;
    }
    return series;
  }

  keep(place: i32, values: StaticArray<Bytes>, series: Series): void {
    let bytes = 0;
    for (let i = 0; i < values.length; i++) bytes += values[i].length + 4;
    if (bytes > BYTES) return;
    let at = this.startOf(place);
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      store<i32>(at, value.length);
      copyBytes(at + 4, value.ptr, <usize>value.length);
      at += <usize>value.length + 4;
    }
    this.series[place] = series;
  }

  // @ts-ignore: decorator
  @inline private startOf(place: i32): usize {
    return changetype<usize>(this.values) + <usize>(place * BYTES);
  }
}
