/**
 * The module's runtime: AssemblyScript's allocator (TLSF) and a stop-the-world mark-and-sweep collector that counts.
 *
 * AssemblyScript's own `minimal` runtime is the same algorithm, but keeps its byte count to itself; without it nobody
 * can say when a collection is due. The SDK calls `__collect` at the end of a top-level callback, where no wasm frame is
 * alive: so there is no shadow stack and no write barrier, and a reference in a local can never be missed.
 *
 * Every managed object carries a 20-byte header that the compiler knows: mmInfo (allocator), next, prev, runtime id, size.
 */
import "rt/tlsf";

// Offsets from the object's data, per AssemblyScript's object layout (std/assembly/rt/common.ts).
// @ts-ignore: decorator
@inline const HEADER: usize = 20;
// @ts-ignore: decorator
@inline const OVERHEAD: usize = 16; // the header without mmInfo, which belongs to the allocator
// @ts-ignore: decorator
@inline const NEXT: usize = 16;
// @ts-ignore: decorator
@inline const PREV: usize = 12;
// @ts-ignore: decorator
@inline const ID: usize = 8;
// @ts-ignore: decorator
@inline const SIZE: usize = 4;
// @ts-ignore: decorator
@inline const COLOR: usize = 3; // two low bits of `next`: 0 and 1 alternate, 3 is pinned
// @ts-ignore: decorator
@inline const PINNED: usize = 3;
// @ts-ignore: decorator
@inline const MAX_SIZE: usize = (1 << 30) - 64;
// @ts-ignore: decorator
@inline const GRAIN: usize = 4; // the allocator's blocks end at multiples of 16 bytes, mmInfo included
// @ts-ignore: decorator
@inline const LISTS: usize = 32; // of blocks up to 512 bytes: streams, and what they hold
// @ts-ignore: decorator
@inline const LARGE: usize = 1024;
// @ts-ignore: decorator
@inline const KEPT: usize = 160 * 1024; // what is allocated between two collections (memory.ts), and what rounding adds

/**
 * Free blocks by size, chained through NEXT. A stream's object is as large as the one before it: to take a block from here and to put it back
 * costs a tenth of cutting it out of the allocator's memory and of joining it with its neighbours again.
 */
// @ts-ignore: decorator
@lazy const kept: usize = memory.data(128);
// @ts-ignore: decorator
@lazy let keptBytes: usize = 0;

// @ts-ignore: decorator
@lazy let white: usize = 0;
// @ts-ignore: decorator
@lazy let fromSpace: usize = list(memory.data(24));
// @ts-ignore: decorator
@lazy let toSpace: usize = list(memory.data(24));
// @ts-ignore: decorator
@lazy let pinSpace: usize = list(memory.data(24));

/** Managed objects that exist, garbage included. Global, so that `memory.ts` can ask with `isDefined` whether this runtime is in. */
// @ts-ignore: decorator
@global @lazy let __sdk_live_objects: u32 = 0;
/** Bytes of these objects, headers included. */
// @ts-ignore: decorator
@global @lazy let __sdk_live_bytes: usize = 0;
/** Bytes allocated since the last collection. */
// @ts-ignore: decorator
@global @lazy let __sdk_allocated: usize = 0;

// A list head is laid out so that NEXT and PREV lie where an object's do.
function list(block: usize): usize {
  const head = block + HEADER;
  store<usize>(head - NEXT, head);
  store<usize>(head - PREV, head);
  return head;
}

// @ts-ignore: decorator
@inline function unlink(object: usize): void {
  const next = load<usize>(object - NEXT) & ~COLOR;
  if (!next) return; // static data not yet linked
  const prev = load<usize>(object - PREV);
  store<usize>(next - PREV, prev);
  store<usize>(prev - NEXT, next | (load<usize>(prev - NEXT) & COLOR));
}

// @ts-ignore: decorator
@inline function link(object: usize, head: usize, color: usize): void {
  const prev = load<usize>(head - PREV);
  store<usize>(object - NEXT, head | color);
  store<usize>(object - PREV, prev);
  store<usize>(prev - NEXT, object | (load<usize>(prev - NEXT) & COLOR));
  store<usize>(head - PREV, object);
}

/** Gives the free blocks back to the allocator: joined with their neighbours they may be what a large one needs, and memory never shrinks again. */
function release(): void {
  for (let list = kept, end = kept + (LISTS << 2); list < end; list += 4) {
    for (let at = load<usize>(list); at;) {
      const next = load<usize>(at - NEXT);
      __free(at - OVERHEAD);
      at = next;
    }
    store<usize>(list, 0);
  }
  keptBytes = 0;
}

// @ts-ignore: decorator
@global @unsafe
export function __new(size: usize, id: u32): usize {
  if (size > MAX_SIZE) unreachable(); // 1 GiB is also Envoy's limit for a VM
  const grains = (HEADER + size + 15) >> GRAIN;
  let object: usize = 0;
  if (grains < LISTS) {
    const list = kept + (grains << 2);
    object = load<usize>(list);
    if (object) {
      store<usize>(list, load<usize>(object - NEXT));
      keptBytes -= grains << GRAIN;
    }
  }
  if (!object) {
    if (size >= LARGE) release();
    object = __alloc(OVERHEAD + size) + OVERHEAD;
  }
  store<u32>(object - ID, id);
  store<u32>(object - SIZE, <u32>size);
  link(object, fromSpace, white);
  __sdk_live_objects++;
  __sdk_live_bytes += HEADER + size;
  __sdk_allocated += HEADER + size;
  return object;
}

// @ts-ignore: decorator
@global @unsafe
export function __renew(old: usize, size: usize): usize {
  const oldSize = <usize>load<u32>(old - SIZE);
  if (old < __heap_base) {
    const copy = __new(size, load<u32>(old - ID));
    memory.copy(copy, old, min(size, oldSize));
    return copy;
  }
  if (size > MAX_SIZE) unreachable();
  if (size >= LARGE && size > oldSize) release();
  const object = __realloc(old - OVERHEAD, OVERHEAD + size) + OVERHEAD;
  store<u32>(object - SIZE, <u32>size);
  const next = load<usize>(object - NEXT) & ~COLOR;
  const prev = load<usize>(object - PREV);
  store<usize>(next - PREV, object);
  store<usize>(prev - NEXT, object | (load<usize>(prev - NEXT) & COLOR));
  __sdk_live_bytes += size - oldSize;
  if (size > oldSize) __sdk_allocated += size - oldSize;
  return object;
}

// @ts-ignore: decorator
@global @unsafe
export function __link(parent: usize, child: usize, expectMultiple: bool): void {}

// @ts-ignore: decorator
@global @unsafe
export function __visit(object: usize, cookie: u32): void {
  if (!object) return;
  const word = load<usize>(object - NEXT);
  // Static data that is in no list yet has the word 0, whatever colour is white just now; it may still lead to the heap.
  if (word != 0 && (word & COLOR) != white) return;
  unlink(object);
  link(object, toSpace, white ^ 1);
}

// @ts-ignore: decorator
@global @unsafe
export function __pin(object: usize): usize {
  if (object) {
    if ((load<usize>(object - NEXT) & COLOR) == PINNED) unreachable();
    unlink(object);
    link(object, pinSpace, PINNED);
  }
  return object;
}

// @ts-ignore: decorator
@global @unsafe
export function __unpin(object: usize): void {
  if (!object) return;
  if ((load<usize>(object - NEXT) & COLOR) != PINNED) unreachable();
  unlink(object);
  link(object, fromSpace, white);
}

// @ts-ignore: decorator
@global @unsafe
export function __collect(): void {
  __visit_globals(0);
  let at = load<usize>(pinSpace - NEXT) & ~COLOR;
  while (at != pinSpace) {
    __visit_members(at, 0);
    at = load<usize>(at - NEXT) & ~COLOR;
  }
  // Marking appends to the list that this loop walks: it ends when nothing new was reached.
  at = load<usize>(toSpace - NEXT) & ~COLOR;
  while (at != toSpace) {
    __visit_members(at, 0);
    at = load<usize>(at - NEXT) & ~COLOR;
  }
  const most = max(KEPT, __sdk_live_bytes >> 1);
  at = load<usize>(fromSpace - NEXT) & ~COLOR;
  while (at != fromSpace) {
    const next = load<usize>(at - NEXT) & ~COLOR;
    if (at < __heap_base) {
      store<usize>(at - NEXT, 0); // static data: may be linked again
      store<usize>(at - PREV, 0);
    } else {
      __sdk_live_objects--;
      __sdk_live_bytes -= HEADER + <usize>load<u32>(at - SIZE);
      // A block may be larger than what it held: the allocator knows, its two low bits apart.
      const grains = ((load<usize>(at - HEADER) & ~3) + 4) >> GRAIN;
      if (grains < LISTS && keptBytes < most) {
        const list = kept + (grains << 2);
        store<usize>(at - NEXT, load<usize>(list));
        store<usize>(list, at);
        keptBytes += grains << GRAIN;
      } else __free(at - OVERHEAD);
    }
    at = next;
  }
  store<usize>(fromSpace - NEXT, fromSpace);
  store<usize>(fromSpace - PREV, fromSpace);
  const empty = fromSpace;
  fromSpace = toSpace;
  toSpace = empty;
  white ^= 1;
  __sdk_allocated = 0;
}
