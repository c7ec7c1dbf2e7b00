import { Bytes, durationNanoseconds, EMPTY, HttpContext, log, PropertyPath } from "proxy-wasm-assemblyscript-sdk";
import { Rate } from "./core/rate";
import { Window } from "./core/window";
import { Mode, Plan } from "./plan";

const NAMESPACE = "meshscript.ratelimit";
/** Sets of numbers that a worker keeps ready, of each limit. */
const MOST_KNOWN = 256;
export const MOST_REQUESTS: u32 = 1_000_000_000;
const MODES: Bytes[] = [Bytes.of("enforce"), Bytes.of("shadow"), Bytes.of("off")];

/**
 * A limit's numbers as the request's route brings them in its metadata, or its virtual host:
 *
 * `metadata: { filter_metadata: { meshscript.ratelimit: { LIMIT: { requests: 5, per: 1s } } } }`
 *
 * Routes with the same numbers share their buckets; `bucket: NAME` tells them apart.
 *
 * Envoy hands a struct out as pairs, each value as it is: text raw, a number as a double. Routes change without the filter being configured, so
 * what cannot be read cannot be refused: it is counted and logged once, and the limit's own numbers hold.
 */
export class PerRoute {
  private readonly route: PropertyPath;
  private readonly virtualHost: PropertyPath;
  private known: Bytes[] = [];
  private plans: (Plan | null)[] = [];
  /** Of the last `of`: there are numbers, and they make no sense. */
  invalid: bool = false;

  constructor(private readonly name: string) {
    this.route = PropertyPath.of("xds.route_metadata.filter_metadata").then(NAMESPACE).then(name);
    this.virtualHost = PropertyPath.of("xds.virtual_host_metadata.filter_metadata").then(NAMESPACE).then(name);
  }

  /** The route's numbers, else its virtual host's; `otherwise` when there are none. */
  of(context: HttpContext, otherwise: Plan | null): Plan | null {
    this.invalid = false;
    let block = context.property(this.route);
    if (block === null) block = context.property(this.virtualHost);
    if (block === null) return otherwise;
    let plan: Plan | null = null;
    const at = this.indexOf(block);
    if (at >= 0) plan = this.plans[at];
    else plan = this.learn(block);
    this.invalid = plan === null;
    return plan === null ? otherwise : plan;
  }

  private indexOf(block: Bytes): i32 {
    for (let i = 0; i < this.known.length; i++) if (this.known[i].equals(block)) return i;
    return -1;
  }

  private learn(block: Bytes): Plan | null {
    if (this.known.length == MOST_KNOWN) {
      this.known = [];
      this.plans = [];
    }
    const plan = planOf(block, this.name);
    if (plan === null) {
      log.warn(
        "[ratelimit] metadata " + NAMESPACE + "." + this.name + " of a route is not read: it takes requests, per, burst, mode and bucket",
      );
    }
    this.known.push(block.copy());
    this.plans.push(plan);
    return plan;
  }
}

function planOf(block: Bytes, name: string): Plan | null {
  let requests: i64 = -1;
  let burst: i64 = -1;
  let per: i64 = -1;
  let mode: i32 = Mode.Enforce;
  let bucket = EMPTY;
  if (block.length < 4) return null;
  const count = load<u32>(block.ptr);
  let text = 4 + ((<u64>count) << 3);
  for (let i: u32 = 0; i < count; i++) {
    if (text > <u64>block.length) return null;
    const sizes = block.ptr + 4 + ((<usize>i) << 3);
    const nameEnd = text + <u64>load<u32>(sizes);
    const valueEnd = nameEnd + 1 + <u64>load<u32>(sizes, 4);
    if (valueEnd + 1 > <u64>block.length) return null;
    const key = block.slice(<i32>text, <i32>nameEnd);
    const value = block.slice(<i32>nameEnd + 1, <i32>valueEnd);
    if (key.equals(REQUESTS)) requests = wholeNumber(value);
    else if (key.equals(BURST)) burst = wholeNumber(value);
    else if (key.equals(PER)) per = durationNanoseconds(value);
    else if (key.equals(BUCKET)) bucket = value;
    else if (key.equals(MODE)) {
      mode = -1;
      for (let m = 0; m < MODES.length; m++) if (MODES[m].equals(value)) mode = m;
    } else return null;
    if (key.equals(BURST) && burst < 0) return null;
    text = valueEnd + 1;
  }
  if (mode == Mode.Off && requests < 0 && per < 0) return new Plan([], Mode.Off);
  if (mode < 0 || requests < 0 || per < 0) return null;
  const most = burst < 0 ? requests : burst;
  if (!Rate.fits(<u32>requests, <u64>per, <u32>most)) return null;
  const window = new Window(new Rate(<u32>requests, <u64>per, <u32>most), Bytes.of(name));
  return new Plan([window], mode, identity(requests, per, most, bucket));
}

/** The numbers and the bucket's name, not the metadata's bytes: Envoy writes a struct's fields in any order. */
function identity(requests: i64, per: i64, burst: i64, bucket: Bytes): Bytes {
  const own = new ArrayBuffer(24 + bucket.length);
  const at = changetype<usize>(own);
  store<i64>(at, requests);
  store<i64>(at, per, 8);
  store<i64>(at, burst, 16);
  memory.copy(at + 24, bucket.ptr, bucket.length);
  return Bytes.owning(own);
}

/** A double from 1 to a billion without a fraction; -1 for what else there is. */
function wholeNumber(value: Bytes): i64 {
  if (value.length != 8) return -1;
  const number = load<f64>(value.ptr);
  return number >= 1 && number <= <f64>MOST_REQUESTS && floor(number) == number ? <i64>number : -1;
}

const REQUESTS: Bytes = Bytes.of("requests");
const PER: Bytes = Bytes.of("per");
const BURST: Bytes = Bytes.of("burst");
const MODE: Bytes = Bytes.of("mode");
const BUCKET: Bytes = Bytes.of("bucket");
