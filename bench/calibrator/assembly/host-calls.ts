import { Bytes, Counter, Histogram, SharedData } from "proxy-wasm-assemblyscript-sdk";
// The bare calls, without what the SDK does around them.
import {
  clock_time_get,
  proxy_get_current_time_nanoseconds,
  proxy_get_header_map_pairs,
  proxy_get_header_map_value,
  proxy_get_log_level,
  proxy_get_property,
  proxy_get_shared_data,
  proxy_log,
  proxy_replace_header_map_value,
  proxy_set_property,
  proxy_set_shared_data,
} from "proxy-wasm-assemblyscript-sdk/assembly/abi/imports";
import { OUT, OUT_EXTRA, OUT_LENGTH } from "proxy-wasm-assemblyscript-sdk/assembly/abi/out";

export const NAMES: string[] = [
  "none",
  "get_header_map_value, present",
  "get_header_map_value, absent",
  "get_header_map_pairs, all",
  "replace_header_map_value",
  "get_property, present",
  "get_property, absent",
  "set_property, new",
  "get_shared_data, 8 bytes",
  "get_shared_data, 448 bytes",
  "get + set_shared_data (CAS), 8 bytes",
  "get + set_shared_data (CAS), 448 bytes",
  "increment_metric",
  "record_metric",
  "get_current_time_nanoseconds",
  "clock_time_get",
  "get_log_level",
  "proxy_log, below the level",
  "none, but a cache line of memory",
  "none, but a page of memory",
];

const LINE: Bytes = Bytes.of("calibrator");
const REQUEST: u32 = 0;
const USER: Bytes = Bytes.of("x-user");
const ABSENT: Bytes = Bytes.of("x-absent");
const ADDED: Bytes = Bytes.of("x-calibrated");
const VALUE: Bytes = Bytes.of("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
const METHOD: Bytes = Bytes.of("request\0method");
const PEER: Bytes = Bytes.of("connection\0uri_san_peer_certificate");
const SMALL: Bytes = Bytes.of("calibrator/small");
/** As long as a slot of 16 keys in the rate limiter's table. */
const LARGE: Bytes = Bytes.of("calibrator/large");
export const MOST: i32 = 64;
const PAGE: i32 = 4096;
const LINE_BYTES: i32 = 64;

export class HostCalls {
  private readonly counter: Counter = new Counter("calibrator_total");
  private readonly histogram: Histogram = new Histogram("calibrator_sizes");
  /** The first note of a name costs more than the next: each is one of its own. */
  private readonly notes: Bytes[] = [];

  private readonly memory: StaticArray<u8> = new StaticArray<u8>(MOST * (PAGE + LINE_BYTES));

  constructor() {
    for (let i = 0; i < MOST; i++) this.notes.push(Bytes.of("calibrator." + i.toString()));
    SharedData.set(SMALL, Bytes.owning(new ArrayBuffer(8)));
    SharedData.set(LARGE, Bytes.owning(new ArrayBuffer(448)));
  }

  make(call: i32, turn: i32): void {
    switch (call) {
      case 1:
        proxy_get_header_map_value(REQUEST, USER.ptr, USER.length, OUT, OUT_LENGTH);
        break;
      case 2:
        proxy_get_header_map_value(REQUEST, ABSENT.ptr, ABSENT.length, OUT, OUT_LENGTH);
        break;
      case 3:
        proxy_get_header_map_pairs(REQUEST, OUT, OUT_LENGTH);
        break;
      case 4:
        proxy_replace_header_map_value(REQUEST, ADDED.ptr, ADDED.length, VALUE.ptr, VALUE.length);
        break;
      case 5:
        proxy_get_property(METHOD.ptr, METHOD.length, OUT, OUT_LENGTH);
        break;
      case 6:
        proxy_get_property(PEER.ptr, PEER.length, OUT, OUT_LENGTH);
        break;
      case 7: {
        const note = this.notes[turn % MOST];
        proxy_set_property(note.ptr, note.length, VALUE.ptr, VALUE.length);
        break;
      }
      case 8:
        proxy_get_shared_data(SMALL.ptr, SMALL.length, OUT, OUT_LENGTH, OUT_EXTRA);
        break;
      case 9:
        proxy_get_shared_data(LARGE.ptr, LARGE.length, OUT, OUT_LENGTH, OUT_EXTRA);
        break;
      case 10:
        this.swap(SMALL);
        break;
      case 11:
        this.swap(LARGE);
        break;
      case 12:
        this.counter.increment();
        break;
      case 13:
        this.histogram.record(7);
        break;
      case 14:
        proxy_get_current_time_nanoseconds(OUT);
        break;
      case 15:
        clock_time_get(1, 0, OUT);
        break;
      case 16:
        proxy_get_log_level(OUT);
        break;
      case 17:
        proxy_log(0, LINE.ptr, LINE.length);
        break;
      case 18:
        this.touch(turn * LINE_BYTES);
        break;
      case 19:
        // No two at the same place of their pages: those would share a set of the cache.
        this.touch(turn * (PAGE + LINE_BYTES));
        break;
    }
  }

  private touch(offset: usize): void {
    const at = changetype<usize>(this.memory) + offset;
    store<u32>(at, load<u32>(at) + 1);
  }

  private swap(key: Bytes): void {
    proxy_get_shared_data(key.ptr, key.length, OUT, OUT_LENGTH, OUT_EXTRA);
    proxy_set_shared_data(key.ptr, key.length, load<usize>(OUT), load<i32>(OUT_LENGTH), load<u32>(OUT_EXTRA));
  }
}
