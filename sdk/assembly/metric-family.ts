import { Bytes, isUtf8 } from "./bytes";
import { randomBytes } from "./clock";
import { ArenaBuffer } from "./memory/arena";
import { all, areAscii, atLeast, isNot } from "./memory/eight";
import { Counter, Gauge, Histogram } from "./metrics";
import { refuse, Misuse } from "./refuse";
import { SipHash } from "./siphash";

/**
 * Metrics of one name that differ in their labels, each defined at its first use and found again without a host call. Names follow
 * Istio's convention, which Envoy's `stats_tags` takes apart:
 *
 * `wasm_filter.FILTER.LABEL=.=VALUE;.;LABEL=.=VALUE;.;NAME` becomes `NAME{wasm_filter="FILTER",LABEL="VALUE"}` in Prometheus.
 *
 * Envoy keeps every name as long as the plugin lives, so there is a limit: what comes above it is counted under `__overflow__`. Even so, no
 * label should be what a client chooses freely: its Host, path or user agent.
 */
abstract class MetricFamily<T> {
  private readonly prefix: string;
  private readonly hasher: SipHash;
  private readonly key: ArenaBuffer = new ArenaBuffer();
  private hashes: StaticArray<u64>;
  private keys: StaticArray<Bytes | null>;
  private metrics: StaticArray<T | null>;
  private rest: T | null = null;
  private size: i32 = 0;
  /** How often a tuple of labels came above the limit. */
  overflows: u64 = 0;

  /**
   * @param filter the filter's name
   * @param name with unit and `_total` as OpenMetrics wants them, e.g. `requests_total`
   * @param labels names of the labels, in the order of the values
   * @param limit tuples of values
   */
  constructor(
    filter: string,
    private readonly name: string,
    private readonly labels: string[],
    private readonly limit: i32 = 1_000,
  ) {
    this.prefix = "wasm_filter." + filter + ".";
    const seed = new StaticArray<u64>(2);
    randomBytes(changetype<usize>(seed), 16);
    this.hasher = new SipHash(seed[0], seed[1]);
    // At most half full, so that a search ends soon.
    let slots = 16;
    while (slots < limit * 2) slots <<= 1;
    this.hashes = new StaticArray<u64>(slots);
    this.keys = new StaticArray<Bytes | null>(slots);
    this.metrics = new StaticArray<T | null>(slots);
  }

  protected abstract make(name: string): T;

  with1(a: Bytes): T {
    return this.begin(1).find(a);
  }

  with2(a: Bytes, b: Bytes): T {
    return this.begin(2).add(a).find(b);
  }

  with3(a: Bytes, b: Bytes, c: Bytes): T {
    return this.begin(3).add(a).add(b).find(c);
  }

  with4(a: Bytes, b: Bytes, c: Bytes, d: Bytes): T {
    return this.begin(4).add(a).add(b).add(c).find(d);
  }

  /** For any number of labels; makes garbage where the others make none. */
  with(values: Bytes[]): T {
    this.begin(values.length);
    for (let i = 0; i < values.length - 1; i++) this.add(values[i]);
    return values.length == 0 ? this.overflow() : this.find(values[values.length - 1]);
  }

  private begin(count: i32): this {
    this.key.clear();
    if (count != this.labels.length) {
      refuse(Misuse.WrongContext, this.name + " has " + this.labels.length.toString() + " labels, got " + count.toString() + " values");
      this.key.ok = false;
    }
    return this;
  }

  private add(value: Bytes): this {
    this.key.pushSized(value);
    return this;
  }

  private find(last: Bytes): T {
    this.add(last);
    if (!this.key.ok) return this.overflow();
    const key = this.key.bytes();
    // 0 marks a free place.
    const hash = this.hasher.hash(key) | 1;
    const mask = this.hashes.length - 1;
    let at = (<i32>(hash >> 32)) & mask;
    while (unchecked(this.hashes[at]) != 0) {
      const known = unchecked(this.keys[at]);
      const metric = unchecked(this.metrics[at]);
      if (unchecked(this.hashes[at]) == hash && known !== null && metric !== null && known.equals(key)) return metric;
      at = (at + 1) & mask;
    }
    if (this.size >= this.limit) return this.overflow();
    this.size++;
    const made = this.make(this.nameOf(key));
    unchecked((this.hashes[at] = hash));
    unchecked((this.keys[at] = key.copy()));
    unchecked((this.metrics[at] = made));
    return made;
  }

  private overflow(): T {
    this.overflows++;
    const known = this.rest;
    if (known !== null) return known;
    let name = this.prefix;
    for (let i = 0; i < this.labels.length; i++) name += this.labels[i] + "=.=__overflow__;.;";
    const made = this.make(name + this.name);
    this.rest = made;
    return made;
  }

  private nameOf(key: Bytes): string {
    let name = this.prefix;
    let at = 0;
    for (let i = 0; i < this.labels.length; i++) {
      const length = <i32>load<u32>(key.ptr + <usize>at);
      name += this.labels[i] + "=.=" + labelValue(key.slice(at + 4, at + 4 + length)) + ";.;";
      at += 4 + length;
    }
    return name + this.name;
  }
}

export class CounterFamily extends MetricFamily<Counter> {
  protected make(name: string): Counter {
    return new Counter(name);
  }
}

export class GaugeFamily extends MetricFamily<Gauge> {
  protected make(name: string): Gauge {
    return new Gauge(name);
  }
}

export class HistogramFamily extends MetricFamily<Histogram> {
  protected make(name: string): Histogram {
    return new Histogram(name);
  }
}

const LONGEST = 128;
/** Behind each of these a dot begins a tag of its own in Istio's bootstrap, whose patterns are not anchored. */
const TAGS: Bytes[] = [Bytes.of("component"), Bytes.of("cache"), Bytes.of("tag"), Bytes.of("wasm_filter")];

/**
 * A label's value that cannot end its label early, begin another one, or break the exposition: `;` and control characters become `_`, and so does
 * what would be taken for the beginning of a label (`=.=`) or of one of Istio's tags (`component.`, `cache.`, `tag.`, `wasm_filter.`). 128 bytes at most.
 */
export function labelValue(value: Bytes): string {
  const out = new ArenaBuffer();
  pushLabelValue(value, out);
  return out.bytes().toString();
}

/** Appends what `labelValue` makes of a value: a key by which series are told apart as whoever reads them does. */
export function pushLabelValue(value: Bytes, into: ArenaBuffer): void {
  if (isPlain(value)) into.pushBytes(value);
  else pushEscaped(value, into);
}

/** The same with its length in front, as `pushSized` writes it. */
export function pushSizedLabelValue(value: Bytes, into: ArenaBuffer): void {
  if (isPlain(value)) {
    into.pushSized(value);
    return;
  }
  const begin = into.length;
  if (into.reserve(4) == 0) return;
  pushEscaped(value, into);
  if (into.ok) store<u32>(into.at + <usize>begin, into.length - begin - 4);
}

/** Whether there is nothing to escape: most values, and every request has them. */
function isPlain(value: Bytes): bool {
  if (value.length > LONGEST) return false;
  const begin = value.ptr;
  const end = begin + <usize>value.length;
  for (let at = begin; at < end; at++) {
    while (at + 8 <= end && arePlain(load<u64>(at))) at += 8;
    if (at == end) break;
    const byte = load<u8>(at);
    if (byte < 0x20 || byte >= 0x7f || byte == 0x3b) return false;
    if (byte == 0x3d && at + 1 < end && load<u8>(at + 1) == 0x2e) return false;
    // What ends as one of the tags does.
    if (byte == 0x2e && at > begin && isLastOfTag(load<u8>(at - 1))) return false;
  }
  return true;
}

/** Eight bytes from `0` to 0x7e but for `;` and `=`. Dashes and dots are below, to be looked at one by one. */
function arePlain(word: u64): bool {
  return areAscii(word) && all(atLeast(word, 0x30) & ~atLeast(word, 0x7f) & isNot(word, 0x3b) & isNot(word, 0x3d));
}

/** Of `component`, `cache`, `tag` and `wasm_filter`. */
function isLastOfTag(byte: u8): bool {
  return byte == 0x74 || byte == 0x65 || byte == 0x67 || byte == 0x72;
}

function pushEscaped(value: Bytes, into: ArenaBuffer): void {
  const utf8 = isUtf8(value.ptr, value.length);
  let end = min(value.length, LONGEST);
  while (utf8 && end < value.length && end > 0 && (value.at(end) & 0xc0) == 0x80) end--;
  for (let i = 0; i < end; i++) {
    const byte = <u8>value.at(i);
    const unsafe = byte < 0x20 || byte == 0x7f || byte == 0x3b || (byte >= 0x80 && !utf8) || (byte == 0x2e && endsTag(value.slice(0, i)));
    const label = byte == 0x3d && value.at(i + 1) == 0x2e && value.at(i + 2) == 0x3d;
    into.pushByte(unsafe || label ? 0x5f : byte);
  }
}

function endsTag(text: Bytes): bool {
  for (let i = 0; i < TAGS.length; i++) if (text.endsWith(TAGS[i])) return true;
  return false;
}
