import { Status } from "./abi/enums";
import { OUT, OUT_EXTRA, OUT_LENGTH } from "./abi/out";
import { Bytes, EMPTY } from "./bytes";
import { randomBytes } from "./clock";
import { epoch } from "./context/callback";
import { allocate } from "./memory/arena";
import { copyBytes } from "./memory/copy";
import { SharedData } from "./shared-data";
import { SipHash } from "./siphash";

/** Before the payload of an entry: its key's hash, and when it ends. */
const HEAD = 16;

/**
 * A table of fixed size in shared data, for what is kept by a key that strangers choose: a client's address, a token. Shared data can only
 * grow, so keys must not go there as they are. A key's hash, keyed so that nobody can aim, says its slot; a slot holds a few
 * entries, each with a time at which it ends and its place is free again. Nothing live is ever pushed out: a full slot says so.
 *
 * At most `slots` values of `ways * (16 + size)` bytes. All who open a table by its name in one vm_id share it.
 */
export class SharedSlots {
  private constructor(
    private readonly name: Bytes,
    private readonly slots: u32,
    private readonly ways: i32,
    private readonly size: i32,
    private readonly hasher: SipHash,
  ) {}

  /**
   * Opens the table, makes it when it is not there. While configuring.
   * @param name the filter's, and what it is for
   * @param slots a power of two, or the next one above
   * @param ways entries of a slot, 1 to 64
   * @param size bytes of an entry's payload, 1 to 1024
   * @returns null when shared data is refused (`lastStatus`) or a number is out of range (BadArgument)
   */
  static open(name: Bytes, slots: u32, ways: i32, size: i32): SharedSlots | null {
    if (slots == 0 || slots > 1 << 24 || ways < 1 || ways > 64 || size < 1 || size > 1024) return null;
    const key = Bytes.of(name.toString() + "/key");
    const own = new ArrayBuffer(16);
    if (!randomBytes(changetype<usize>(own), 16)) return null;
    // Whoever comes first decides: all must hash alike.
    const created = SharedData.create(key, Bytes.owning(own));
    if (created != Status.Ok && created != Status.CasMismatch) return null;
    const agreed = SharedData.get(key);
    if (agreed === null || agreed.value.length != 16) return null;
    const hasher = new SipHash(load<u64>(agreed.value.ptr), load<u64>(agreed.value.ptr + 8));
    let rounded: u32 = 1;
    while (rounded < slots) rounded <<= 1;
    return new SharedSlots(name.copy(), rounded, ways, size, hasher);
  }

  private readonly lent: Slot = new Slot();
  private lentIn: u32 = 0;
  /** What the host answered to the last `find`: Ok, also where there was nothing yet; else `find` had to answer null. */
  status: Status = Status.Ok;

  /**
   * The entry of a key, or a free place for it; null when the slot is full of live entries of others, or could not be read (`status`).
   * @param now the clock by which entries end; the same for all who share the table, e.g. `wallNanoseconds()`
   */
  find(key: Bytes, now: u64): Slot | null {
    const hash = this.hasher.hash(key);
    const place = this.placeOf((<u32>(hash >> 32)) & (this.slots - 1));
    const stride = HEAD + this.size;
    const length = this.ways * stride;
    const answer = SharedData._read(place);
    this.status = answer == Status.NotFound ? Status.Ok : answer;
    // Taken for absent, all that it holds would be new.
    if (this.status != Status.Ok) return null;
    // Create if absent.
    const cas = answer == Status.Ok ? load<u32>(OUT_EXTRA) : u32.MAX_VALUE;
    let block = load<usize>(OUT);
    if (answer != Status.Ok || load<i32>(OUT_LENGTH) != length) {
      // Absent, or of another layout: an older configuration's.
      block = allocate(<usize>length);
      if (block == 0) return null;
      memory.fill(block, 0, <usize>length);
    }
    const mark = hash == 0 ? 1 : hash;
    let free: usize = 0;
    for (let way = 0; way < this.ways; way++) {
      const entry = block + <usize>(way * stride);
      const live = load<u64>(entry, 8) > now;
      if (live && load<u64>(entry) == mark) return this.slot().is(place, block, length, cas, entry, mark, this.size, false);
      if (!live && free == 0) free = entry;
    }
    if (free == 0) return null;
    memory.fill(free, 0, <usize>stride);
    return this.slot().is(place, block, length, cas, free, mark, this.size, true);
  }

  /** An object for the first that is found in a callback is used again in the next; not in debug builds, where one that was kept is to be found out. */
  private slot(): Slot {
    if (!ASC_NO_ASSERT || this.lentIn == epoch) return new Slot();
    this.lentIn = epoch;
    return this.lent;
  }

  /** The key's hash: the same for all who share the table, and not to be foreseen by those who choose keys. */
  hash(key: Bytes): u64 {
    return this.hasher.hash(key);
  }

  private placeOf(index: u32): Bytes {
    const at = allocate(<usize>this.name.length + 5);
    copyBytes(at, this.name.ptr, <usize>this.name.length);
    store<u8>(at + <usize>this.name.length, 0x2f);
    store<u32>(at + <usize>this.name.length + 1, index);
    return Bytes.borrow(at, this.name.length + 5);
  }
}

/** One entry, as it was when it was found. Good until the callback ends. */
export class Slot {
  private place: Bytes = EMPTY;
  private block: usize = 0;
  private length: i32 = 0;
  private cas: u32 = 0;
  private entry: usize = 0;
  private mark: u64 = 0;
  /** Bytes of the payload. */
  size: i32 = 0;
  /** True when the key had no live entry: the payload is all 0. */
  fresh: bool = false;

  /** @internal */
  is(place: Bytes, block: usize, length: i32, cas: u32, entry: usize, mark: u64, size: i32, fresh: bool): Slot {
    this.place = place;
    this.block = block;
    this.length = length;
    this.cas = cas;
    this.entry = entry;
    this.mark = mark;
    this.size = size;
    this.fresh = fresh;
    return this;
  }

  /** Where the payload lies: `load` from it, `store` to it, within `size`, then `commit`. */
  get payload(): usize {
    return this.entry + HEAD;
  }

  /** When it ends, by the clock of `find`; 0 for a fresh one. */
  get expires(): u64 {
    return load<u64>(this.entry, 8);
  }

  /**
   * Writes it back, if nobody has written into its slot since it was found.
   * @param expires when it ends
   * @returns CasMismatch: somebody has; `find` it again and decide anew. Once is enough: a slot is committed once.
   */
  commit(expires: u64): Status {
    store<u64>(this.entry, this.mark);
    store<u64>(this.entry, expires, 8);
    return SharedData.compareAndSet(this.place, Bytes.borrow(this.block, this.length), this.cas);
  }
}
