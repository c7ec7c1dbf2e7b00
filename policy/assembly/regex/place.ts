import { isWord } from "../ascii";
import { Place } from "./node";

/** What came before a place, as far as assertions ask for it. */
export enum Before {
  Nothing = 0,
  LineFeed = 1,
  Word = 2,
  Other = 3,
}

/** The end of the text, where a byte is asked for. */
export const END: i32 = -1;

/** What a byte is to the place behind it; less, where no assertion of `places` asks. */
export function before(byte: i32, places: i32): Before {
  if (byte == 0x0a && (places & Place.LineStart) != 0) return Before.LineFeed;
  if (isWord(byte) && (places & (Place.WordBoundary | Place.NoWordBoundary)) != 0) return Before.Word;
  return Before.Other;
}

/** What holds between two bytes, as bits of `Place`. */
export function placesAt(previous: Before, byte: i32): i32 {
  let places = isWord(byte) != (previous == Before.Word) ? Place.WordBoundary : Place.NoWordBoundary;
  if (previous == Before.Nothing) places |= Place.TextStart | Place.LineStart;
  if (previous == Before.LineFeed) places |= Place.LineStart;
  if (byte == END) places |= Place.TextEnd | Place.LineEnd;
  if (byte == 0x0a) places |= Place.LineEnd;
  return places;
}
