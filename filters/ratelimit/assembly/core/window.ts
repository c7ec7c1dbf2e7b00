import { ArenaBuffer, Bytes } from "proxy-wasm-assemblyscript-sdk";
import { pushInteger, pushString, secondsUp } from "./fields";
import { Rate } from "./rate";

const Q: Bytes = Bytes.of(";q=");
const W: Bytes = Bytes.of(";w=");
const R: Bytes = Bytes.of(";r=");
const NAME: Bytes = Bytes.of(";name=");

/** One rate of a limit, and what the client is told of it that never changes. */
export class Window {
  /** A member of `RateLimit-Policy`. The window is the time in which the whole burst comes back, so that `q` a `w` is the rate. */
  readonly policy: Bytes;
  /** A member of `RateLimit` up to its number. */
  readonly item: Bytes;
  /** A member of `X-RateLimit-Limit`, as Envoy writes it. */
  readonly legacy: Bytes;

  /** While configuring: it needs the arena. */
  constructor(
    readonly rate: Rate,
    /** As clients see it: the limit's name, with `/` and its time where the limit has several. */
    readonly name: Bytes,
  ) {
    const seconds = secondsUp(rate.untilFull(rate.capacity));
    const text = new ArenaBuffer();
    pushString(text, name);
    text.pushBytes(Q);
    pushInteger(text, rate.burst);
    text.pushBytes(W);
    pushInteger(text, seconds);
    this.policy = text.bytes().copy();
    text.clear();
    pushString(text, name);
    text.pushBytes(R);
    this.item = text.bytes().copy();
    text.clear();
    pushInteger(text, rate.burst);
    text.pushBytes(W);
    pushInteger(text, seconds);
    text.pushBytes(NAME);
    pushString(text, name);
    this.legacy = text.bytes().copy();
  }
}
