/**
 * Objects by id, in constant time however many streams are open: open addressing with linear probing, at most half full. Removal
 * moves later entries back, so there are no tombstones and the table never degrades.
 */
export class IdTable<T> {
  private keys: StaticArray<u32> = new StaticArray<u32>(64);
  private values: StaticArray<T | null> = new StaticArray<T | null>(64);
  size: i32 = 0;

  get(id: u32): T | null {
    const at = this.place(id);
    return at < 0 ? null : unchecked(this.values[at]);
  }

  /** Adds or replaces. Id 0 means "no context" and is ignored. */
  set(id: u32, value: T): void {
    if (id == 0) return;
    const found = this.place(id);
    if (found >= 0) {
      unchecked((this.values[found] = value));
      return;
    }
    if ((this.size + 1) * 2 > this.keys.length) {
      this.grow();
      this.insert(id, value);
    } else {
      unchecked((this.keys[~found] = id));
      unchecked((this.values[~found] = value));
    }
    this.size++;
  }

  /** Adds or replaces, where `place` has found the id: without looking for it again, unless it was moved since. */
  setAt(place: i32, id: u32, value: T): void {
    if (<u32>place < <u32>this.keys.length && unchecked(this.keys[place]) == id) unchecked((this.values[place] = value));
    else this.set(id, value);
  }

  /** What stands at a place; null for a negative one. */
  at(place: i32): T | null {
    return place < 0 ? null : unchecked(this.values[place]);
  }

  remove(id: u32): T | null {
    let hole = this.place(id);
    if (hole < 0) return null;
    const removed = unchecked(this.values[hole]);
    const mask = this.keys.length - 1;
    let at = hole;
    while (true) {
      at = (at + 1) & mask;
      const key = unchecked(this.keys[at]);
      if (key == 0) break;
      // Move it back when its home does not lie between the hole and where it stands.
      const home = (<i32>spread(key)) & mask;
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        unchecked((this.keys[hole] = key));
        unchecked((this.values[hole] = this.values[at]));
        hole = at;
      }
    }
    unchecked((this.keys[hole] = 0));
    unchecked((this.values[hole] = null));
    this.size--;
    return removed;
  }

  /** Removes all whose value `matches` says so of; `what` is handed on to it, since there are no closures. */
  removeWhere(what: u32, matches: (value: T, what: u32) => bool): void {
    const keys = this.keys;
    const ids = new Array<u32>();
    for (let i = 0; i < keys.length; i++) {
      const value = unchecked(this.values[i]);
      if (unchecked(keys[i]) != 0 && value !== null && matches(value, what)) ids.push(unchecked(keys[i]));
    }
    for (let i = 0; i < ids.length; i++) this.remove(ids[i]);
  }

  /** Where an id stands; negative: nowhere, and it belongs to `~place`. */
  place(id: u32): i32 {
    const keys = this.keys;
    const mask = keys.length - 1;
    let at = (<i32>spread(id)) & mask;
    while (true) {
      const key = unchecked(keys[at]);
      if (key == 0) return ~at;
      if (key == id) return at;
      at = (at + 1) & mask;
    }
  }

  private insert(id: u32, value: T | null): void {
    const mask = this.keys.length - 1;
    let at = (<i32>spread(id)) & mask;
    while (unchecked(this.keys[at]) != 0) at = (at + 1) & mask;
    unchecked((this.keys[at] = id));
    unchecked((this.values[at] = value));
  }

  private grow(): void {
    const keys = this.keys;
    const values = this.values;
    this.keys = new StaticArray<u32>(keys.length * 2);
    this.values = new StaticArray<T | null>(keys.length * 2);
    for (let i = 0; i < keys.length; i++) {
      if (unchecked(keys[i]) != 0) this.insert(unchecked(keys[i]), unchecked(values[i]));
    }
  }
}

/** Ids count up by one, callout tokens by four: multiply so that neither clusters. */
// @ts-ignore: decorator
@inline function spread(id: u32): u32 {
  return (id * 0x9e3779b1) >>> 8;
}
