import {
  proxy_add_header_map_value,
  proxy_get_header_map_pairs,
  proxy_get_header_map_value,
  proxy_remove_header_map_value,
  proxy_replace_header_map_value,
} from "../abi/imports";
import { MapType, Status } from "../abi/enums";
import { clearOut, OUT, OUT_LENGTH, outBytes } from "../abi/out";
import { Bytes } from "../bytes";
import { activate, epoch } from "../context/callback";
import { hasNoBody, HttpContext } from "../context/http";
import { allocate, ArenaBuffer, duplicate } from "../memory/arena";
import { sameBytes } from "../memory/compare";
import { Misuse, refuse } from "../refuse";
import { quote } from "./list";
import { HeaderName, isFieldValue, isRequestValue, isTrailersTe, markOf, mayRemove, NameKind } from "./name";

const HEAD: Bytes = Bytes.of("HEAD");

/**
 * The headers (or trailers) of a message: all pairs, in order, names in lower case. Read from the host once, at the first question,
 * for all of them cost what one costs; kept current through the edits made here.
 *
 * A name may occur several times. `get` names the one it returns, `count` says how many there are, `unique` refuses to choose.
 * Absent is null or false; an empty value is a value. Valid until the callback ends.
 */
export class Headers {
  /** What the last read of the map answered. `BadArgument`: this map does not exist in this phase. */
  status: Status = Status.Ok;
  private map: u32 = 0;
  private contextId: u32 = 0;
  private stream: HttpContext | null = null;
  private born: u32 = 0;
  private loaded: bool = false;
  /** The stream's count of edits when this view was in step with the host. */
  private edits: u32 = 0;
  /** As the host gave it: the number of pairs, the sizes of each, then the texts. */
  private block: usize = 0;
  /** Index in the arena, 16 bytes a pair: address and length of name and value. 0: there is none yet. */
  private entries: usize = 0;
  private pairs: i32 = 0;
  private room: i32 = 0;
  /** A bit for each name's mark: most names that a filter asks for are not there, and that is found without a look at those that are. */
  private marks: u64 = 0;
  /** Without an index: pairs that may still be passed on the search for names, the pair that was found last, and where its texts lie. */
  private steps: i32 = 0;
  private found: i32 = 0;
  private foundAt: usize = 0;

  /** @internal Ties the view to a map of a context for this callback. */
  bind(map: MapType, contextId: u32, stream: HttpContext | null): Headers {
    this.map = map;
    this.contextId = contextId;
    this.stream = stream;
    this.born = epoch;
    this.loaded = false;
    this.status = Status.Ok;
    return this;
  }

  /** @internal Whether it is good in this callback, and a stream's. */
  _isOf(stream: HttpContext, epoch: u32): bool {
    return this.born == epoch && this.stream === stream;
  }

  /** Number of pairs. */
  get size(): i32 {
    this.load();
    return this.pairs;
  }

  /** Name of pair `index` (0 to size - 1); null outside. */
  nameAt(index: i32): Bytes | null {
    if (!this.load() || <u32>index >= <u32>this.pairs || !this.indexed()) return null;
    const entry = this.entry(index);
    return Bytes.borrow(load<usize>(entry), load<i32>(entry, 4));
  }

  /** Value of pair `index` (0 to size - 1); null outside. */
  valueAt(index: i32): Bytes | null {
    if (!this.load() || <u32>index >= <u32>this.pairs) return null;
    if (this.entries == 0 && index == this.found) {
      const sizes = this.sizesOf(index);
      return Bytes.borrow(this.foundAt + <usize>load<u32>(sizes) + 1, load<i32>(sizes, 4));
    }
    if (!this.indexed()) return null;
    const entry = this.entry(index);
    return Bytes.borrow(load<usize>(entry, 8), load<i32>(entry, 12));
  }

  /** Reads all headers and makes an index of their names, now: for who will ask for four and more. For fewer it takes longer than it saves. */
  prepare(): Headers {
    if (this.load()) this.indexed();
    return this;
  }

  has(name: HeaderName): bool {
    return this.find(name, 0) >= 0;
  }

  /** How often the name occurs. */
  count(name: HeaderName): i32 {
    let count = 0;
    for (let at = this.find(name, 0); at >= 0; at = this.find(name, at + 1)) count++;
    return count;
  }

  /** The `nth` value of the name, counted from 0; null when there are not as many. The first is not the only one: see `unique`. */
  get(name: HeaderName, nth: i32 = 0): Bytes | null {
    let at = this.find(name, 0);
    while (at >= 0 && nth-- > 0) at = this.find(name, at + 1);
    return at < 0 ? null : this.valueAt(at);
  }

  /**
   * The first value of a name, for a callback that wants no other header: asked of the host alone, unless all are here already. An absent one costs
   * a sixth of reading all, one that is there as much as all.
   */
  peek(name: HeaderName): Bytes | null {
    if (this.born == epoch && this.inStep()) return this.get(name);
    if (!this.ready()) return null;
    clearOut();
    this.status = <Status>proxy_get_header_map_value(this.map, name.bytes.ptr, name.bytes.length, OUT, OUT_LENGTH);
    return this.status == Status.Ok ? outBytes() : null;
  }

  /** The value of a name that occurs exactly once; null when it is absent or repeated. For identities and decisions. */
  unique(name: HeaderName): Bytes | null {
    const at = this.find(name, 0);
    return at < 0 || this.find(name, at + 1) >= 0 ? null : this.valueAt(at);
  }

  /** All values of the name joined with "," (RFC 9110, 5.3), as for a list; null when absent. */
  combined(name: HeaderName): Bytes | null {
    const first = this.find(name, 0);
    if (first < 0) return null;
    let next = this.find(name, first + 1);
    if (next < 0) return this.valueAt(first);
    if (!this.indexed()) return null;
    const text = new ArenaBuffer();
    this.pushValue(text, first);
    for (; next >= 0; next = this.find(name, next + 1)) {
      text.pushByte(0x2c);
      this.pushValue(text, next);
    }
    return text.ok ? text.bytes() : null;
  }

  /** Bytes of all names and values. */
  get byteSize(): i32 {
    let bytes = 0;
    const pairs = this.size;
    if (!this.indexed()) return 0;
    for (let i = 0; i < pairs; i++) bytes += load<i32>(this.entry(i), 4) + load<i32>(this.entry(i), 12);
    return bytes;
  }

  /**
   * Index of the next pair of that name at or after `from`, or -1: for walking all values in linear time.
   *
   * ```ts
   * for (let i = headers.indexOf(NAME); i >= 0; i = headers.indexOf(NAME, i + 1)) use(headers.valueAt(i));
   * ```
   */
  indexOf(name: HeaderName, from: i32 = 0): i32 {
    return this.find(name, max(from, 0));
  }

  /** Appends a further value. Refused for pseudo headers, which Envoy would join to `/a,/b`, and for what frames the message. */
  add(name: HeaderName, value: Bytes): Status {
    const problem = this.check(name, value);
    if (problem != Status.Ok) return problem;
    if (name.kind != NameKind.Ordinary && this.protects(name) && !this.isTe(name, value)) {
      return refuse(Misuse.ProtectedHeader, "add of " + name.toString() + ": use replace for pseudo headers; framing belongs to Envoy");
    }
    const status = <Status>proxy_add_header_map_value(this.map, name.bytes.ptr, name.bytes.length, value.ptr, value.length);
    // Envoy joins a second value of some headers to the first: read again instead of guessing which.
    if (status == Status.Ok && this.edited()) {
      if (this.find(name, 0) >= 0) this.loaded = false;
      else this.append(name, value);
    }
    return status;
  }

  /** Sets the only value: removes all others, creates the header when absent. */
  replace(name: HeaderName, value: Bytes): Status {
    const problem = this.check(name, value);
    if (problem != Status.Ok) return problem;
    if (name.kind == NameKind.Framing && !this.isTe(name, value)) {
      return refuse(
        Misuse.ProtectedHeader,
        "replace of " + name.toString() + ": Envoy frames messages and keeps connections; to change a body's length, remove content-length",
      );
    }
    if ((name.kind == NameKind.Pseudo || (name.kind == NameKind.Routing && this.protects(name))) && !this.allows(name, value)) {
      return refuse(
        Misuse.ProtectedHeader,
        "replace of " + name.toString() + ": not in this map, or not a value that Envoy can route or frame by",
      );
    }
    const status = <Status>proxy_replace_header_map_value(this.map, name.bytes.ptr, name.bytes.length, value.ptr, value.length);
    if (status == Status.Ok && this.edited()) {
      this.drop(name);
      this.append(name, value);
    }
    return status;
  }

  /** Removes all values. Ok when absent. Refused for headers without which Envoy cannot route or answer. */
  remove(name: HeaderName): Status {
    if (!this.ready()) return this.status;
    if (name.kind == NameKind.Invalid) return Status.Ok; // cannot exist
    const length = name.bytes.equals(HeaderName.CONTENT_LENGTH.bytes);
    if (name.kind != NameKind.Ordinary && !mayRemove(name) && this.protects(name)) {
      return refuse(Misuse.ProtectedHeader, "remove of " + name.toString() + ": without it Envoy cannot route or frame the message");
    }
    const status = <Status>proxy_remove_header_map_value(this.map, name.bytes.ptr, name.bytes.length);
    if (status == Status.Ok) {
      if (this.edited()) this.drop(name);
      const stream = this.stream;
      if (length && stream !== null) {
        // Trailers say nothing of the body's length.
        if (<i32>this.map == MapType.RequestHeaders) stream._lengthRemoved(true);
        else if (<i32>this.map == MapType.ResponseHeaders) stream._lengthRemoved(false);
      }
    }
    return status;
  }

  private pushValue(text: ArenaBuffer, index: i32): void {
    const entry = this.entry(index);
    text.push(load<usize>(entry, 8), load<i32>(entry, 12));
  }

  // @ts-ignore: decorator
  @inline private entry(index: i32): usize {
    return this.entries + ((<usize>index) << 4);
  }

  /** x-forwarded-proto matters only on a request. */
  private protects(name: HeaderName): bool {
    return name.kind != NameKind.Routing || <i32>this.map == MapType.RequestHeaders;
  }

  private check(name: HeaderName, value: Bytes): Status {
    if (!this.ready()) return this.status;
    if (name.kind == NameKind.Invalid) {
      return refuse(Misuse.HeaderName, "header name is not a token (RFC 9110): " + quote(name.bytes));
    }
    if (!isFieldValue(value)) {
      return refuse(Misuse.HeaderValue, "value of header " + name.toString() + " holds CR, LF, NUL or another control character");
    }
    if (<i32>this.map > MapType.ResponseTrailers) return Status.BadArgument; // an answer to a callout is read only
    return Status.Ok;
  }

  /** Over HTTP/2 a `te` in a response is a protocol error. */
  private isTe(name: HeaderName, value: Bytes): bool {
    return <i32>this.map == MapType.RequestHeaders && isTrailersTe(name, value);
  }

  private allows(name: HeaderName, value: Bytes): bool {
    if (<i32>this.map == MapType.ResponseHeaders) return name.bytes.equals(HeaderName.STATUS.bytes) && this.allowsStatus(value);
    if (<i32>this.map != MapType.RequestHeaders || !isRequestValue(name, value)) return false;
    if (!name.bytes.equals(HeaderName.METHOD.bytes)) return true;
    // A HEAD's answer has a length and no body: what the client asked and what the upstream is asked must agree on that.
    const method = this.get(HeaderName.METHOD);
    return method === null || method.equals(HEAD) == value.equals(HEAD);
  }

  /** A status that has no body must not get one, nor one that has a body get a length without: the client would read on into the next response. */
  private allowsStatus(value: Bytes): bool {
    if (value.length != 3) return false;
    const code = value.toU64();
    if (code < 200 || code > 599) return false;
    const stream = this.stream;
    const length = this.has(HeaderName.CONTENT_LENGTH);
    if (hasNoBody(code)) return stream !== null && !stream._responseHasBody() && (code == 304 || !length);
    const status = this.get(HeaderName.STATUS);
    const now = status === null ? 200 : status.toU64();
    // Behind a 101 comes a tunnel: under another status the client would take its bytes for the next response.
    return now >= 200 && (now != 304 || !length);
  }

  /** Index of the first pair of that name at or after `from`, or -1. */
  private find(name: HeaderName, from: i32): i32 {
    if (!this.load()) return -1;
    if (this.entries == 0) {
      if (this.steps > 0 && (from == 0 || from == this.found + 1)) return this.search(name.bytes, from);
      if (!this.indexed()) return -1;
    }
    if ((this.marks & name.mark) == 0) return -1;
    const length = name.bytes.length;
    const text = name.bytes.ptr;
    let entry = this.entry(from);
    for (let i = from, n = this.pairs; i < n; i++, entry += 16) {
      if (load<i32>(entry, 4) == length && sameBytes(load<usize>(entry), text, <usize>length)) return i;
    }
    return -1;
  }

  /** The same without an index, which takes longer to make than to find two or three names. */
  private search(name: Bytes, from: i32): i32 {
    let sizes = this.sizesOf(from);
    let at = this.block + 4 + ((<usize>this.pairs) << 3);
    if (from > 0) at = this.foundAt + <usize>load<u32>(sizes - 8) + <usize>load<u32>(sizes - 4) + 2;
    for (let i = from; i < this.pairs; i++, sizes += 8) {
      const length = load<u32>(sizes);
      if (length == <u32>name.length && sameBytes(at, name.ptr, <usize>length)) {
        this.steps -= i - from;
        this.found = i;
        this.foundAt = at;
        return i;
      }
      at += <usize>length + <usize>load<u32>(sizes, 4) + 2;
    }
    this.steps -= this.pairs - from;
    return -1;
  }

  // @ts-ignore: decorator
  @inline private sizesOf(index: i32): usize {
    return this.block + 4 + ((<usize>index) << 3);
  }

  private drop(name: HeaderName): void {
    if (!this.indexed()) return;
    const first = this.find(name, 0);
    if (first < 0) return;
    let kept = this.entry(first);
    for (let entry = kept + 16, end = this.entry(this.pairs); entry < end; entry += 16) {
      if (isNamed(entry, name.bytes)) continue;
      store<u64>(kept, load<u64>(entry));
      store<u64>(kept, load<u64>(entry, 8), 8);
      kept += 16;
    }
    this.pairs = <i32>((kept - this.entries) >> 4);
  }

  private append(name: HeaderName, value: Bytes): void {
    if (!this.indexed()) return;
    if (this.pairs == this.room) {
      const entries = allocate((<usize>(this.room * 2 + 8)) << 4);
      if (entries == 0) {
        this.loaded = false;
        return;
      }
      memory.copy(entries, this.entries, (<usize>this.pairs) << 4);
      this.entries = entries;
      this.room = this.room * 2 + 8;
    }
    const own = duplicate(value.ptr, value.length); // names are owned; values may be a caller's passing buffer
    if (own == 0 && value.length > 0) {
      this.loaded = false; // no memory: read it from the host when it is asked for
      return;
    }
    const entry = this.entry(this.pairs++);
    store<usize>(entry, name.bytes.ptr);
    store<i32>(entry, name.bytes.length, 4);
    store<usize>(entry, own, 8);
    store<i32>(entry, value.length, 12);
    this.marks |= name.mark;
  }

  /** True when host calls on this map reach the right stream in this callback. */
  private ready(): bool {
    if (this.born != epoch) {
      this.status = refuse(Misuse.StaleHeaders, "headers of an earlier callback: ask the stream for them again");
      return false;
    }
    const status = activate(this.contextId);
    if (status != Status.Ok) {
      this.status = status;
      return false;
    }
    return true;
  }

  /** After an edit of ours: true when the index can be patched, false when it has to be read again. */
  private edited(): bool {
    const stream = this.stream;
    const inStep = this.inStep();
    if (stream !== null) this.edits = ++stream._edits;
    if (!inStep) this.loaded = false;
    return inStep;
  }

  /** False when nothing was read yet, or another view of this stream has edited since. */
  private inStep(): bool {
    const stream = this.stream;
    return this.loaded && (stream === null || stream._edits == this.edits);
  }

  private load(): bool {
    if (this.born == epoch && this.inStep()) return true;
    this.pairs = 0;
    const stream = this.stream;
    if (stream !== null) this.edits = stream._edits;
    if (!this.ready()) return false;
    clearOut();
    this.status = <Status>proxy_get_header_map_pairs(this.map, OUT, OUT_LENGTH);
    if (this.status != Status.Ok) return false;
    const length = load<i32>(OUT_LENGTH);
    this.block = load<usize>(OUT);
    this.entries = 0;
    this.found = -1;
    this.loaded = true;
    if (length < 4) {
      // No map in this phase, or an empty one.
      this.block = NO_PAIRS;
      return true;
    }
    const count = load<i32>(this.block);
    const texts = 4 + ((<i64>count) << 3);
    if (count < 0 || texts > <i64>length || textsOf(this.block + 4, count) > <u64>(<i64>length - texts)) return this.malformed();
    this.pairs = count;
    this.steps = count << 1;
    return true;
  }

  /** Makes the index, once. */
  private indexed(): bool {
    if (this.entries != 0) return true;
    const count = this.pairs;
    const room = count + 4;
    const entries = allocate((<usize>room) << 4);
    if (entries == 0) return this.malformed();
    let at = this.block + 4 + ((<usize>count) << 3);
    let entry = entries;
    let marks: u64 = 0;
    for (let sizes = this.block + 4, last = sizes + ((<usize>count) << 3); sizes < last; sizes += 8, entry += 16) {
      const name = load<u32>(sizes);
      const value = load<u32>(sizes, 4);
      const second = at + <usize>name + 1;
      store<usize>(entry, at);
      store<u32>(entry, name, 4);
      store<usize>(entry, second, 8);
      store<u32>(entry, value, 12);
      marks |= markOf(at, name);
      at = second + <usize>value + 1;
    }
    this.marks = marks;
    this.entries = entries;
    this.room = room;
    return true;
  }

  private malformed(): bool {
    this.status = Status.ParseFailure;
    this.pairs = 0;
    this.loaded = false;
    return false;
  }
}

/** Bytes of all names and values, each closed by NUL, as their sizes say. */
function textsOf(sizes: usize, count: i32): u64 {
  let bytes: u64 = 0;
  for (const end = sizes + ((<usize>count) << 3); sizes < end; sizes += 8) {
    const both = load<u64>(sizes);
    bytes += (both & u32.MAX_VALUE) + (both >> 32) + 2;
  }
  return bytes;
}

/** A block without any. */
const NO_PAIRS: usize = memory.data(4, 4);

/** True when an entry of the index has this name. */
// @ts-ignore: decorator
@inline function isNamed(entry: usize, name: Bytes): bool {
  return load<i32>(entry, 4) == name.length && sameBytes(load<usize>(entry), name.ptr, <usize>name.length);
}
