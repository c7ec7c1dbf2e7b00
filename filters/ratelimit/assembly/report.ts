import { ArenaBuffer, Bytes, HeaderList, HeaderName, Headers } from "proxy-wasm-assemblyscript-sdk";
import { pushInteger, secondsUp } from "./core/fields";
import { Window } from "./core/window";

const POLICY: HeaderName = new HeaderName("ratelimit-policy");
const RATE_LIMIT: HeaderName = new HeaderName("ratelimit");
const LIMIT: HeaderName = new HeaderName("x-ratelimit-limit");
const REMAINING: HeaderName = new HeaderName("x-ratelimit-remaining");
const RESET: HeaderName = new HeaderName("x-ratelimit-reset");
const T: Bytes = Bytes.of(";t=");

/** Which headers clients get; a bit for each. */
export enum Told {
  Nothing = 0,
  /** `RateLimit-Policy` and `RateLimit`, draft-ietf-httpapi-ratelimit-headers-10. */
  Draft = 1,
  /** `X-RateLimit-Limit`, `-Remaining`, `-Reset`, draft-polli-ratelimit-headers-03, as Envoy's own filters write them. */
  Legacy = 2,
}

/**
 * What a client is told of the limits that held for its request. Kept from the request to the response, then used again for another
 * stream.
 */
export class Report {
  private readonly text: ArenaBuffer = new ArenaBuffer();
  private windows: Window[] = [];
  private remaining: u32[] = [];
  private seconds: u64[] = [];
  /** Windows that a refusal is not about: in the policy only. */
  private silent: bool[] = [];

  clear(): void {
    this.windows.length = 0;
    this.remaining.length = 0;
    this.seconds.length = 0;
    this.silent.length = 0;
  }

  /** @param reset nanoseconds; `u64.MAX_VALUE`: never */
  add(window: Window, remaining: u32, reset: u64, silent: bool): void {
    this.windows.push(window);
    this.remaining.push(remaining);
    this.seconds.push(reset == u64.MAX_VALUE ? u64.MAX_VALUE : secondsUp(reset));
    this.silent.push(silent);
  }

  /** Onto a response that goes by. Lists are joined to what is there: an upstream's own limits hold, too. */
  addTo(headers: Headers, told: u32): void {
    if (this.windows.length == 0) return;
    const text = this.text;
    if (told & Told.Draft) {
      headers.add(POLICY, this.policy(text));
      headers.add(RATE_LIMIT, this.items(text));
    }
    if (told & Told.Legacy) {
      const tightest = this.tightest();
      headers.replace(LIMIT, this.legacy(text, tightest));
      headers.replace(REMAINING, number(text, this.remaining[tightest]));
      headers.replace(RESET, number(text, this.seconds[tightest]));
    }
  }

  /** Into an answer of our own. */
  putInto(list: HeaderList, told: u32): void {
    if (this.windows.length == 0) return;
    const text = this.text;
    if (told & Told.Draft) {
      list.add(POLICY, this.policy(text));
      const items = this.items(text);
      if (items.length > 0) list.add(RATE_LIMIT, items);
    }
    if (told & Told.Legacy) {
      const tightest = this.tightest();
      list.add(LIMIT, this.legacy(text, tightest));
      list.add(REMAINING, number(text, this.remaining[tightest]));
      if (this.seconds[tightest] != u64.MAX_VALUE) list.add(RESET, number(text, this.seconds[tightest]));
    }
  }

  private policy(text: ArenaBuffer): Bytes {
    if (this.windows.length == 1) return this.windows[0].policy;
    text.clear();
    for (let i = 0; i < this.windows.length; i++) {
      separate(text);
      text.pushBytes(this.windows[i].policy);
    }
    return text.bytes();
  }

  private items(text: ArenaBuffer): Bytes {
    text.clear();
    for (let i = 0; i < this.windows.length; i++) {
      if (this.silent[i]) continue;
      separate(text);
      text.pushBytes(this.windows[i].item);
      pushInteger(text, this.remaining[i]);
      if (this.seconds[i] == u64.MAX_VALUE) continue;
      text.pushBytes(T);
      pushInteger(text, this.seconds[i]);
    }
    return text.bytes();
  }

  /** The tightest window's number, then all of them. */
  private legacy(text: ArenaBuffer, tightest: i32): Bytes {
    text.clear();
    pushInteger(text, this.windows[tightest].rate.burst);
    for (let i = 0; i < this.windows.length; i++) {
      separate(text);
      text.pushBytes(this.windows[i].legacy);
    }
    return text.bytes();
  }

  /** The window with the least remaining, of these the one that takes longest; of a refusal, among those that refuse. */
  private tightest(): i32 {
    let best = 0;
    for (let i = 1; i < this.windows.length; i++) {
      if (this.silent[i] != this.silent[best]) {
        if (this.silent[best]) best = i;
      } else if (this.remaining[i] < this.remaining[best]) best = i;
      else if (this.remaining[i] == this.remaining[best] && this.seconds[i] > this.seconds[best]) best = i;
    }
    return best;
  }
}

function separate(text: ArenaBuffer): void {
  if (text.length == 0) return;
  text.pushByte(0x2c);
  text.pushByte(0x20);
}

function number(text: ArenaBuffer, value: u64): Bytes {
  text.clear();
  pushInteger(text, value);
  return text.bytes();
}
