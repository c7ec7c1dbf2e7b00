import { WINDOW_BYTES } from "./rate";

const PLACES: i32 = 1024;
/** Hash of the key, end, permits; then the state of the bucket behind the purchase. */
const HEAD: i32 = 24;
const STRIDE: i32 = HEAD + WINDOW_BYTES;

/**
 * Permits that a worker has paid for in one go and gives out by itself. Each was taken out of the shared bucket, so in any window all
 * workers together admit no more than the bucket gives in it and what they held when it began: `workers * (batch - 1)` of a key.
 *
 * Each key has one place here, which it leaves to others when its permits are spent or their time is over; who finds it taken buys single ones.
 */
export class Permits {
  private readonly places: ArrayBuffer = new ArrayBuffer(PLACES * STRIDE);

  /** Where the state of the key's bucket behind the purchase is kept, for `Rate.used`; 0 when there is no permit. */
  find(hash: u64, now: u64): usize {
    const place = this.placeOf(hash);
    const usable = load<u64>(place) == hash && load<u64>(place, 8) > now && load<u64>(place, 16) != 0;
    return usable ? place + HEAD : 0;
  }

  /** Permits that are left of what `find` found. */
  left(hash: u64): u64 {
    return load<u64>(this.placeOf(hash), 16);
  }

  /** Takes one of what `find` found. */
  take(hash: u64): void {
    const place = this.placeOf(hash);
    store<u64>(place, load<u64>(place, 16) - 1, 16);
  }

  /** Gives one back that was not used after all. */
  giveBack(hash: u64): void {
    const place = this.placeOf(hash);
    store<u64>(place, load<u64>(place, 16) + 1, 16);
  }

  /** Whether the key may keep permits here: its place is not another's. */
  hasRoom(hash: u64, now: u64): bool {
    const place = this.placeOf(hash);
    return load<u64>(place) == hash || load<u64>(place, 8) <= now || load<u64>(place, 16) == 0;
  }

  /** Keeps `count` permits until `end`; where the bucket's state is to be stored. */
  put(hash: u64, count: u32, end: u64): usize {
    const place = this.placeOf(hash);
    store<u64>(place, hash);
    store<u64>(place, end, 8);
    store<u64>(place, count, 16);
    return place + HEAD;
  }

  private placeOf(hash: u64): usize {
    return changetype<usize>(this.places) + <usize>(((<i32>(hash >> 32)) & (PLACES - 1)) * STRIDE);
  }
}
