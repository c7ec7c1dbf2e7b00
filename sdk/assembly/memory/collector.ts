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

// @ts-ignore: decorator
@global @unsafe
export function __new(size: usize, id: u32): usize {
  if (size > MAX_SIZE) unreachable(); // 1 GiB is also Envoy's limit for a VM
  const object = __alloc(OVERHEAD + size) + OVERHEAD;
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
  at = load<usize>(fromSpace - NEXT) & ~COLOR;
  while (at != fromSpace) {
    const next = load<usize>(at - NEXT) & ~COLOR;
    if (at < __heap_base) {
      store<usize>(at - NEXT, 0); // static data: may be linked again
      store<usize>(at - PREV, 0);
    } else {
      __sdk_live_objects--;
      __sdk_live_bytes -= HEADER + <usize>load<u32>(at - SIZE);
      __free(at - OVERHEAD);
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
