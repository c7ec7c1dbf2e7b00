// The view of a block of headers that a test wrote at `input`, for header-block.test.ts.
import { MapType } from "../assembly/abi/enums";
import { Bytes } from "../assembly/bytes";
import { enter, leave } from "../assembly/context/callback";
import { Headers } from "../assembly/headers/headers";
import { HeaderName } from "../assembly/headers/name";

const IN: usize = memory.data(1 << 16, 16);
const OUT: usize = memory.data(1 << 17, 16);
const WANTED = new HeaderName("x-a");
let at: usize = OUT;

export function input(): usize {
  return IN;
}

export function output(): usize {
  return OUT;
}

/**
 * At `output`: the first value of `x-a`, its count, then all names and values, each closed by a newline; or nothing but the status, when it is not 0.
 * With an index of the names from the start, or with one that is made when it pays.
 */
export function view(prepared: bool): i32 {
  const before = enter(1);
  at = OUT;
  const headers = new Headers().bind(MapType.RequestHeaders, 1, null);
  if (prepared) headers.prepare();
  const first = headers.get(WANTED);
  const size = headers.size;
  if (headers.status == 0) {
    put(first);
    for (let i = 0, count = headers.count(WANTED); i <= count; i++) put(headers.get(WANTED, i));
    for (let i = 0; i < size; i++) {
      put(headers.nameAt(i));
      put(headers.valueAt(i));
    }
  }
  leave(before);
  return headers.status == 0 ? <i32>(at - OUT) : size == 0 && first === null ? -(<i32>headers.status) : i32.MIN_VALUE;
}

function put(value: Bytes | null): void {
  if (value !== null) {
    memory.copy(at, value.ptr, value.length);
    at += <usize>value.length;
  }
  store<u8>(at++, value === null ? 0x00 : 0x0a);
}
