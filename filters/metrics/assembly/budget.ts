import { ArenaBuffer, Bytes, SharedData, Status } from "proxy-wasm-assemblyscript-sdk";

/** How often to begin anew when other workers count at the same time. */
const MOST_TRIES: i32 = 100;
const COUNT: Bytes = Bytes.of("/count");
const ONE: Bytes = Bytes.of("1");

/**
 * How many series a metric may have in this Envoy, all workers together: in shared data, which lives as long as the series do. What was once granted
 * is granted to every worker.
 */
export class Budget {
  private readonly text: ArenaBuffer = new ArenaBuffer();
  private readonly counter: Bytes;

  /** @param name the metric's @param most series */
  constructor(
    private name: Bytes,
    private most: u32,
  ) {
    this.counter = Bytes.of("metrics/" + name.toString() + COUNT.toString());
  }

  /**
   * Whether a series may be; false also when the host does not say.
   *
   * @param labels their names @param values of them
   */
  grants(labels: Bytes, values: Bytes): bool {
    const place = this.placeOf(labels, values);
    if (place === null) return false;
    if (SharedData.get(place) !== null) return true;
    for (let i = 0; i < MOST_TRIES; i++) {
      const counted = SharedData.get(this.counter);
      const count = counted !== null && counted.value.length == 4 ? load<u32>(counted.value.ptr) : 0;
      if (count >= this.most) return false;
      const status = this.count(count + 1, counted === null ? u32.MAX_VALUE : counted.cas);
      if (status == Status.CasMismatch) continue;
      if (status != Status.Ok) return false;
      if (SharedData.create(place, ONE) == Status.Ok) return true;
      // Another worker has made the same meanwhile: one of the two is given back.
      this.giveBack();
      return SharedData.get(place) !== null;
    }
    return false;
  }

  private count(value: u32, cas: u32): Status {
    this.text.clear();
    const at = this.text.reserve(4);
    if (at == 0) return Status.InvalidMemoryAccess;
    store<u32>(at, value);
    return SharedData.compareAndSet(this.counter, this.text.bytes(), cas);
  }

  private giveBack(): void {
    for (let i = 0; i < MOST_TRIES; i++) {
      const counted = SharedData.get(this.counter);
      if (counted === null || counted.value.length != 4) return;
      const count = load<u32>(counted.value.ptr);
      if (count == 0 || this.count(count - 1, counted.cas) != Status.CasMismatch) return;
    }
  }

  private placeOf(labels: Bytes, values: Bytes): Bytes | null {
    const text = new ArenaBuffer();
    text.pushBytes(PREFIX);
    text.pushSized(this.name);
    text.pushSized(labels);
    text.pushBytes(values);
    return text.ok ? text.bytes() : null;
  }
}

const PREFIX: Bytes = Bytes.of("metrics/series/");
