import {
  ArenaBuffer,
  Bytes,
  Counter,
  EMPTY,
  pushLabelValue,
  pushSizedLabelValue,
  randomBytes,
  SipHash,
} from "proxy-wasm-assemblyscript-sdk";
import { Attributes, Conditions } from "../../../policy";
import { Budget } from "./budget";
import { Label } from "./label";
import { Measure, Measures } from "./measure";
import { Metric, Stat } from "./metric";
import { Recent } from "./recent";
import { IS_GRPC, Reporter } from "./reporter";
import { Series } from "./series";

const OVERFLOW: Bytes = Bytes.of("__overflow__");

/** Metrics that have the same labels: found together, by one look. Known series cost no host call but their own. */
export class Group {
  private readonly hasher: SipHash;
  /** Of its labels: values alone do not say what they are of. */
  private readonly names: Bytes;
  private readonly key: ArenaBuffer = new ArenaBuffer();
  /** Those whose values are in keys; the others say the same in all of this group's. */
  private readonly changing: Label[];
  /** Theirs in the request that is recorded. */
  private readonly values: StaticArray<Bytes>;
  private readonly recent: Recent = new Recent();
  private hashes: StaticArray<u64> = new StaticArray<u64>(64);
  private found: StaticArray<Series | null> = new StaticArray<Series | null>(64);
  private size: i32 = 0;
  /** One for all that is above the budget, so that sums stay right. */
  private readonly rest: Series;

  /**
   * @param reporter has the values of Istio's labels @param when null: all requests
   * @param overflow counts what came above the budget
   */
  constructor(
    private metrics: Metric[],
    private labels: Label[],
    private reporter: Reporter,
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
    this.rest = new Series(EMPTY, metrics.length);
    const changing: Label[] = [];
    for (let i = 0; i < labels.length; i++) {
      const dimension = labels[i].dimension;
      if (dimension < 0 || (reporter.changing & (1 << dimension)) != 0) changing.push(labels[i]);
    }
    this.changing = changing;
    this.values = StaticArray.fromArray<Bytes>(changing.map<Bytes>(() => EMPTY));
  }

  /** The dimensions that its labels show, a bit for each. */
  get needs(): u32 {
    let needed: u32 = 0;
    for (let i = 0; i < this.labels.length; i++) {
      const dimension = this.labels[i].dimension;
      if (dimension >= 0) needed |= 1 << dimension;
    }
    for (let i = 0; i < this.metrics.length; i++) {
      const measure = this.metrics[i].measure;
      if (measure == Measure.RequestMessages || measure == Measure.ResponseMessages) needed |= IS_GRPC;
    }
    return needed;
  }

  /** Where a request belongs, as the reporter has read it; null: nowhere. */
  seriesOf(from: Attributes): Series | null {
    const when = this.when;
    return when !== null && !when.hold(from) ? null : this.find(from);
  }

  record(series: Series, measures: Measures): void {
    const metrics = this.metrics;
    const stats = series.stats;
    for (let i = 0; i < metrics.length; i++) {
      const value = measures.read(unchecked(metrics[i]).measure);
      if (value < 0) continue;
      let stat = unchecked(stats[i]);
      if (stat === null) {
        stat = new Stat(metrics[i], this.prefixOf(series));
        stats[i] = stat;
      }
      stat.record(value);
    }
  }

  private find(from: Attributes): Series {
    const labels = this.changing;
    const values = this.values;
    for (let i = 0; i < labels.length; i++) {
      const label = unchecked(labels[i]);
      unchecked((values[i] = label.dimension < 0 ? label.read(from) : this.reporter.values[label.dimension]));
    }
    const place = this.recent.placeOf(values);
    const recent = this.recent.at(place, values);
    if (recent !== null) return recent;
    const series = this.look(values);
    if (series !== this.rest) this.recent.keep(place, values, series);
    return series;
  }

  private look(values: StaticArray<Bytes>): Series {
    const key = this.key;
    key.clear();
    for (let i = 0; i < values.length; i++) pushSizedLabelValue(values[i], key);
    if (!key.ok) return this.overflowing();
    const bytes = key.bytes();
    // 0 marks a free place.
    const hash = this.hasher.hash(bytes) | 1;
    const known = unchecked(this.found[this.placeOf(hash, bytes)]);
    if (known !== null) return known;
    if (!this.granted(bytes)) return this.overflowing();
    const made = new Series(bytes.copy(), this.metrics.length);
    this.add(hash, made);
    return made;
  }

  private changes(label: Label): bool {
    return label.dimension < 0 || (this.reporter.changing & (1 << label.dimension)) != 0;
  }

  /** The budget knows whole series: after an update the own workload may be another one. */
  private granted(key: Bytes): bool {
    const values = new ArenaBuffer();
    const walk = new Values(key);
    for (let i = 0; i < this.labels.length; i++) values.pushSized(this.valueOf(this.labels[i], walk));
    return values.ok && this.budget.grants(this.names, values.bytes());
  }

  /** As the series shows it. @param walk at this label */
  private valueOf(label: Label, walk: Values): Bytes {
    if (this.changes(label)) return walk.next();
    const value = new ArenaBuffer();
    pushLabelValue(this.reporter.values[label.dimension], value);
    return value.bytes();
  }

  /** Where it is, or would be. */
  private placeOf(hash: u64, key: Bytes): i32 {
    const mask = this.hashes.length - 1;
    let at = (<i32>(hash >> 32)) & mask;
    while (unchecked(this.hashes[at]) != 0) {
      const known = unchecked(this.found[at]);
      if (unchecked(this.hashes[at]) == hash && known !== null && known.key.equals(key)) return at;
      at = (at + 1) & mask;
    }
    return at;
  }

  private add(hash: u64, series: Series): void {
    if ((this.size + 1) * 2 > this.hashes.length) this.grow();
    this.put(hash, series);
    this.size++;
  }

  private put(hash: u64, series: Series): void {
    const at = this.placeOf(hash, series.key);
    this.hashes[at] = hash;
    this.found[at] = series;
  }

  private grow(): void {
    const hashes = this.hashes;
    const found = this.found;
    const length = hashes.length * 2;
    this.hashes = new StaticArray<u64>(length);
    this.found = new StaticArray<Series | null>(length);
    for (let i = 0; i < hashes.length; i++) {
      const series = found[i];
      if (series !== null) this.put(hashes[i], series);
    }
  }

  private overflowing(): Series {
    this.overflow.increment();
    return this.rest;
  }

  /** `reporter=.=destination;.;source_app=.=...;.;`: Istio's form, of which `stats_tags` make labels. */
  private prefixOf(series: Series): string {
    let prefix = "";
    const walk = new Values(series.key);
    for (let i = 0; i < this.labels.length; i++) {
      const label = this.labels[i];
      const value = series === this.rest ? OVERFLOW : this.valueOf(label, walk);
      prefix += label.name + "=.=" + value.toString() + ";.;";
    }
    return prefix;
  }
}

/** The values in a key, one after the other. */
class Values {
  private at: i32 = 0;

  constructor(private key: Bytes) {}

  next(): Bytes {
    const begin = this.at + 4;
    this.at = begin + <i32>load<u32>(this.key.ptr + <usize>this.at);
    return this.key.slice(begin, this.at);
  }
}
