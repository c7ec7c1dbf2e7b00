import { ArenaBuffer, Bytes, Counter, pushLabelValue, randomBytes, SipHash } from "proxy-wasm-assemblyscript-sdk";
import { Attributes, Conditions } from "../../../policy";
import { Budget } from "./budget";
import { Label } from "./label";
import { Measures } from "./measure";
import { Metric, Series } from "./metric";

const OVERFLOW: Bytes = Bytes.of("__overflow__");

/** Metrics that have the same labels: found together, by one look. Known series cost no host call but their own. */
export class Group {
  private readonly hasher: SipHash;
  /** Of its labels: values alone do not say what they are of. */
  private readonly names: Bytes;
  private readonly key: ArenaBuffer = new ArenaBuffer();
  private hashes: StaticArray<u64> = new StaticArray<u64>(64);
  private keys: StaticArray<Bytes | null> = new StaticArray<Bytes | null>(64);
  private found: StaticArray<Series[] | null> = new StaticArray<Series[] | null>(64);
  private size: i32 = 0;
  private rest: Series[] | null = null;

  /**
   * @param when null: all requests
   * @param overflow counts what came above the budget
   */
  constructor(
    private metrics: Metric[],
    private labels: Label[],
    private when: Conditions | null,
    private budget: Budget,
    private overflow: Counter,
  ) {
    const seed = new StaticArray<u64>(2);
    randomBytes(changetype<usize>(seed), 16);
    this.hasher = new SipHash(seed[0], seed[1]);
    let names = "";
    for (let i = 0; i < labels.length; i++) names += labels[i].name + "=";
    this.names = Bytes.of(names);
  }

  /** The dimensions that its labels show, a bit for each. */
  get needs(): u32 {
    let needed: u32 = 0;
    for (let i = 0; i < this.labels.length; i++) {
      const dimension = this.labels[i].dimension;
      if (dimension >= 0) needed |= 1 << dimension;
    }
    return needed;
  }

  /** @param dimensions values of Istio's labels */
  record(dimensions: Bytes[], from: Attributes, measures: Measures): void {
    const when = this.when;
    if (when !== null && !when.hold(from)) return;
    const all = this.find(dimensions, from);
    for (let i = 0; i < all.length; i++) {
      const value = measures.read(this.metrics[i].measure);
      if (value >= 0) all[i].record(value);
    }
  }

  private find(dimensions: Bytes[], from: Attributes): Series[] {
    const key = this.key;
    key.clear();
    for (let i = 0; i < this.labels.length; i++) {
      const label = this.labels[i];
      pushValue(label.dimension < 0 ? label.read(from) : dimensions[label.dimension], key);
    }
    if (!key.ok) return this.overflowing();
    const bytes = key.bytes();
    // 0 marks a free place.
    const hash = this.hasher.hash(bytes) | 1;
    const place = this.placeOf(hash, bytes);
    const known = this.found[place];
    if (known !== null) return known;
    if (!this.budget.grants(this.names, bytes)) return this.overflowing();
    const made = this.make(this.prefixOf(bytes));
    this.add(hash, bytes.copy(), made);
    return made;
  }

  /** Where it is, or would be. */
  private placeOf(hash: u64, key: Bytes): i32 {
    const mask = this.hashes.length - 1;
    let at = (<i32>(hash >> 32)) & mask;
    while (this.hashes[at] != 0) {
      const known = this.keys[at];
      if (this.hashes[at] == hash && known !== null && known.equals(key)) return at;
      at = (at + 1) & mask;
    }
    return at;
  }

  private add(hash: u64, key: Bytes, series: Series[]): void {
    if ((this.size + 1) * 2 > this.hashes.length) this.grow();
    this.put(hash, key, series);
    this.size++;
  }

  private put(hash: u64, key: Bytes, series: Series[]): void {
    const at = this.placeOf(hash, key);
    this.hashes[at] = hash;
    this.keys[at] = key;
    this.found[at] = series;
  }

  private grow(): void {
    const hashes = this.hashes;
    const keys = this.keys;
    const found = this.found;
    const length = hashes.length * 2;
    this.hashes = new StaticArray<u64>(length);
    this.keys = new StaticArray<Bytes | null>(length);
    this.found = new StaticArray<Series[] | null>(length);
    for (let i = 0; i < hashes.length; i++) {
      const key = keys[i];
      const series = found[i];
      if (key !== null && series !== null) this.put(hashes[i], key, series);
    }
  }

  private make(prefix: string): Series[] {
    const made: Series[] = [];
    for (let i = 0; i < this.metrics.length; i++) made.push(new Series(this.metrics[i], prefix));
    return made;
  }

  /** One for all that is above the budget, so that sums stay right. */
  private overflowing(): Series[] {
    this.overflow.increment();
    const known = this.rest;
    if (known !== null) return known;
    let prefix = "";
    for (let i = 0; i < this.labels.length; i++) prefix += this.labels[i].name + "=.=" + OVERFLOW.toString() + ";.;";
    const made = this.make(prefix);
    this.rest = made;
    return made;
  }

  /** `reporter=.=destination;.;source_app=.=...;.;`: Istio's form, of which `stats_tags` make labels. */
  private prefixOf(key: Bytes): string {
    let prefix = "";
    let at = 0;
    for (let i = 0; i < this.labels.length; i++) {
      const length = <i32>load<u32>(key.ptr + <usize>at);
      prefix += this.labels[i].name + "=.=" + key.slice(at + 4, at + 4 + length).toString() + ";.;";
      at += 4 + length;
    }
    return prefix;
  }
}

/** Appends a value as the series shows it, its length in front: values that look alike are one series. */
function pushValue(value: Bytes, key: ArenaBuffer): void {
  const begin = key.length;
  if (key.reserve(4) == 0) return;
  pushLabelValue(value, key);
  if (key.ok) store<u32>(key.at + <usize>begin, key.length - begin - 4);
}
