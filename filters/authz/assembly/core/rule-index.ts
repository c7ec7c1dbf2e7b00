import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Attributes, BitSet } from "../../../../policy";
import { KeyTable } from "../../../../policy/assembly/lookup/key-table";
import { begin, hashText, insert, step, TextDoor } from "../../../../policy/assembly/lookup/text-door";
import { HeaderSubject } from "../subjects/message";
import { Presence, Subject } from "../subjects/subject";
import { Gate, gateOf, Key, KeyKind, NS_LENGTH } from "./gate";
import { ADDRESS_LENGTH } from "./passes";
import { RuleSpec, Subjects } from "./rule";

const SLASH: u8 = 0x2f;
const NS: u32 = 0x2f736e2f; // "/ns/"

/**
 * Finds the rules that may match a request, so that the work does not grow with those that cannot. Each rule is found by one of its subjects; what it
 * costs depends on how many different subjects and lengths of prefixes there are, and on the rules that it finds.
 *
 * Only hashes are kept: where two keys have the same one, a rule is judged for nothing.
 */
export class RuleIndex {
  /** Of the request that was asked about last. */
  readonly found: BitSet;
  private readonly always: BitSet;
  private readonly doors: Door[] = [];
  /** Doors of headers are found by the request's headers, of which there are few: those whose names have one hash are chained. */
  private readonly headerDoors: Door[] = [];
  private readonly headerHashes: Map<u32, i32> = new Map<u32, i32>();
  private readonly table: KeyTable;

  constructor(rules: RuleSpec[], subjects: Subjects) {
    this.found = new BitSet(rules.length);
    this.always = new BitSet(rules.length);
    const gates: (Gate | null)[] = [];
    let keys = 0;
    for (let i = 0; i < rules.length; i++) {
      const gate = gateOf(rules[i], subjects);
      gates.push(gate);
      if (gate !== null) keys += gate.keys.length;
    }
    this.table = new KeyTable(keys);
    for (let i = 0; i < rules.length; i++) {
      const gate = gates[i];
      if (gate === null) this.always.add(i);
      else this.open(gate, i, subjects.list);
    }
  }

  /** Fills `found`. */
  find(from: Attributes): void {
    this.found.set(this.always);
    for (let i = 0; i < this.doors.length; i++) this.enter(this.doors[i], from);
    if (this.headerDoors.length > 0) this.findByHeaders(from);
  }

  private findByHeaders(from: Attributes): void {
    const headers = from.headers;
    const size = headers.size;
    // The host gave none, which is not how requests are: nothing is known of any.
    if (size == 0) for (let i = 0; i < this.headerDoors.length; i++) this.enter(this.headerDoors[i], from);
    for (let i = 0; i < size; i++) {
      const name = headers.nameAt(i);
      if (name === null) continue;
      const hash = name.hash();
      if (!this.headerHashes.has(hash)) continue;
      for (let at = this.headerHashes.get(hash); at >= 0; at = this.headerDoors[at].sameHash) this.enter(this.headerDoors[at], from);
    }
  }

  /** Adds the rules that the subject's values lead to. */
  private enter(door: Door, from: Attributes): void {
    if (door.round == from.round) return;
    door.round = from.round;
    const presence = door.subject.of(from);
    if (presence == Presence.Unknown) this.found.addAll(door.rules);
    if (presence != Presence.Present) return;
    if (door.any) this.take(begin(door.number, KeyKind.Any));
    const values = door.subject.values;
    for (let i = 0; i < values.length; i++) this.look(door, values[i]);
  }

  private look(door: Door, value: Bytes): void {
    if (door.networks.length > 0) this.lookInNetworks(door, value);
    if (door.namespaces) this.lookInNamespaces(door, value);
    door.look(value, this.table, this.found);
  }

  private lookInNetworks(door: Door, address: Bytes): void {
    if (address.length != ADDRESS_LENGTH) return;
    for (let i = 0; i < door.networks.length; i++) this.take(hashNetwork(door.number, address, door.networks[i]));
  }

  private lookInNamespaces(door: Door, id: Bytes): void {
    for (let i = 0; i + NS_LENGTH < id.length; i++) {
      if (load<u32>(id.ptr + <usize>i) != NS) continue;
      const slash = id.indexOf(SLASH, i + NS_LENGTH);
      if (slash < 0) return;
      let hash = begin(door.number, KeyKind.Namespace);
      for (let k = i; k <= slash; k++) hash = step(hash, load<u8>(id.ptr + <usize>k));
      this.take(hash);
    }
  }

  /** Adds the rules of a key. */
  private take(hash: u32): void {
    this.table.take(hash, this.found);
  }

  private open(gate: Gate, rule: i32, subjects: Subject[]): void {
    const door = this.doorOf(gate.subject, subjects[gate.subject]);
    for (let i = 0; i < gate.keys.length; i++) {
      const key = gate.keys[i];
      door.learnKey(key);
      this.table.add(hashKey(gate.subject, key), rule);
    }
    door.rules.add(rule);
  }

  private doorOf(number: i32, subject: Subject): Door {
    const doors = subject instanceof HeaderSubject ? this.headerDoors : this.doors;
    for (let i = 0; i < doors.length; i++) if (doors[i].number == number) return doors[i];
    const door = new Door(number, subject, this.found.size);
    if (subject instanceof HeaderSubject) {
      const hash = (<HeaderSubject>subject).headerName.hash();
      if (this.headerHashes.has(hash)) door.sameHash = this.headerHashes.get(hash);
      this.headerHashes.set(hash, doors.length);
    }
    doors.push(door);
    return door;
  }
}

/** The index's part about one subject. */
class Door extends TextDoor {
  any: bool = false;
  namespaces: bool = false;
  /** Numbers of bits that there are. */
  readonly networks: i32[] = [];
  /** All rules that are found by this subject. */
  readonly rules: BitSet;
  /** Another header's door, whose name has the same hash; -1: none. */
  sameHash: i32 = -1;
  round: u32 = 0;

  constructor(
    number: i32,
    readonly subject: Subject,
    rules: i32,
  ) {
    super(number);
    this.rules = new BitSet(rules);
  }

  learnKey(key: Key): void {
    if (key.kind == KeyKind.Any) this.any = true;
    else if (key.kind == KeyKind.Namespace) this.namespaces = true;
    else if (key.kind == KeyKind.Network) insert(this.networks, key.bits);
    else this.learn(<i32>key.kind, key.text);
  }
}

function hashKey(number: i32, key: Key): u32 {
  if (key.kind == KeyKind.Network) return hashNetwork(number, key.text, key.bits);
  return hashText(number, <i32>key.kind, key.text);
}

function hashNetwork(number: i32, address: Bytes, bits: i32): u32 {
  let hash = step(begin(number, KeyKind.Network), <u8>bits);
  for (let i = 0; i << 3 < bits; i++) {
    const left = bits - (i << 3);
    hash = step(hash, (<u8>address.at(i)) & (left >= 8 ? 0xff : <u8>(0xff00 >> left)));
  }
  return hash;
}
