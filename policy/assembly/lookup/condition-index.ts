import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../attributes";
import { Condition, Conditions } from "../condition";
import { Comparison, TextTest } from "../test";
import { Value } from "../value";
import { BitSet } from "./bit-set";
import { KeyTable } from "./key-table";
import { hashText, TextDoor } from "./text-door";

/**
 * Finds the lists of conditions that may hold for a request, so that the work does not grow with those that cannot. Each is found by one of its conditions: a
 * text that a value must be, begin or end with. What a request costs depends on how many different values that are, and on the lists that it finds; those
 * without such a condition are always found.
 */
export class ConditionIndex {
  private readonly found: BitSet;
  private readonly always: BitSet;
  private readonly doors: Door[] = [];
  /** Of values, by their numbers: there are few, and a Map's code is larger than they are. */
  private readonly identities: string[] = [];
  private table: KeyTable = new KeyTable(0);

  constructor(lists: Conditions[]) {
    this.found = new BitSet(lists.length);
    this.always = new BitSet(lists.length);
    // One alone is asked sooner than found.
    const alone = lists.length == 1;
    const all = this.countKeys(lists);
    const gates: (Condition | null)[] = [];
    let keys = 0;
    for (let i = 0; i < lists.length; i++) {
      const gate: Condition | null = alone ? null : this.gateOf(lists[i], all);
      gates.push(gate);
      if (gate === null) this.always.add(i);
      else keys += textsOf(gate).texts.length;
    }
    this.table = new KeyTable(keys);
    for (let i = 0; i < lists.length; i++) {
      const gate = gates[i];
      if (gate !== null) this.open(gate, i);
    }
  }

  /** The lists that may hold, by their numbers; good until the next request. */
  find(from: Attributes): BitSet {
    this.found.set(this.always);
    for (let i = 0; i < this.doors.length; i++) {
      const door = this.doors[i];
      let value = door.value.at(from, 0);
      for (let k = 1; value !== null; k++) {
        door.look(value, this.table, this.found);
        value = door.value.at(from, k);
      }
    }
    return this.found;
  }

  /** All keys by which lists could be found. */
  private countKeys(lists: Conditions[]): KeyTable {
    let keys = 0;
    for (let i = 0; i < lists.length; i++) {
      const list = lists[i].list;
      for (let k = 0; k < list.length; k++) if (canLead(list[k], k)) keys += textsOf(list[k]).texts.length;
    }
    const table = new KeyTable(keys);
    for (let i = 0; i < lists.length; i++) {
      const list = lists[i].list;
      for (let k = 0; k < list.length; k++) if (canLead(list[k], k)) this.addKeys(list[k], i, table);
    }
    return table;
  }

  /** The condition that the fewest lists share; of equals one that asks nothing of the host. */
  private gateOf(conditions: Conditions, all: KeyTable): Condition | null {
    const list = conditions.list;
    let best: Condition | null = null;
    let least = i32.MAX_VALUE;
    for (let i = 0; i < list.length; i++) {
      if (!canLead(list[i], i)) continue;
      const test = textsOf(list[i]);
      let shared = list[i].value.asksHost ? 1 : 0;
      for (let k = 0; k < test.texts.length; k++) shared += all.count(this.keyOf(list[i], test.texts[k])) << 1;
      if (shared < least) {
        least = shared;
        best = list[i];
      }
    }
    return best;
  }

  private open(gate: Condition, list: i32): void {
    const door = this.doorOf(gate.value);
    const test = textsOf(gate);
    for (let i = 0; i < test.texts.length; i++) door.learn(test.comparison, test.texts[i]);
    this.addKeys(gate, list, this.table);
  }

  private addKeys(condition: Condition, list: i32, table: KeyTable): void {
    const texts = textsOf(condition).texts;
    for (let i = 0; i < texts.length; i++) table.add(this.keyOf(condition, texts[i]), list);
  }

  private keyOf(condition: Condition, text: Bytes): u32 {
    return hashText(this.numberOf(condition.value), textsOf(condition).comparison, text);
  }

  private numberOf(value: Value): i32 {
    const at = this.identities.indexOf(value.identity);
    return at < 0 ? this.identities.push(value.identity) - 1 : at;
  }

  private doorOf(value: Value): Door {
    const number = this.numberOf(value);
    for (let i = 0; i < this.doors.length; i++) if (this.doors[i].number == number) return this.doors[i];
    const door = new Door(number, value);
    this.doors.push(door);
    return door;
  }
}

class Door extends TextDoor {
  constructor(
    number: i32,
    readonly value: Value,
  ) {
    super(number);
  }
}

/**
 * Whether a list can be found by a condition of it. One that asks the host must be its first, which every request was asked before there was an index: others
 * may never be asked, as the first may not hold.
 */
function canLead(condition: Condition, place: i32): bool {
  const test = condition.test;
  if (condition.negated || condition.value.identity.length == 0 || !(test instanceof TextTest)) return false;
  if (place > 0 && condition.value.asksHost) return false;
  const texts = (<TextTest>test).texts;
  const part = (<TextTest>test).comparison != Comparison.Whole;
  for (let i = 0; i < texts.length; i++) if (part && texts[i].length == 0) return false;
  return texts.length > 0;
}

function textsOf(condition: Condition): TextTest {
  return <TextTest>condition.test;
}
