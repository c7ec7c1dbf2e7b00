import { isWord } from "../ascii";
import { Place } from "./node";
import { Before, before } from "./place";
import { argumentOf, highOf, lowOf, MATCH, Opcode, opcodeOf, Program } from "./program";
import { simulation } from "./simulation";

/** The most entries of a table: 16 KiB. */
const MAX_ENTRIES = 8192;
/** The most instructions in all states of one. */
const MAX_MEMBERS = 32768;
/** Instructions that may be looked at to make one. */
const MAX_WORK: u64 = 4000000;

/** A program written out: one look-up for each byte of a text. */
export class Table {
  private constructor(
    /** The column of each byte. */
    private columns: StaticArray<u8>,
    /** For each state a row: the place of the row that follows for each column, 0 for none, then 1 when the text may end. */
    private rows: StaticArray<u16>,
    /** Entries of a row. */
    private width: i32,
    /** The row to begin with. */
    private start: i32,
  ) {}

  /** The table of a program; null when it is too large. */
  static of(program: Program): Table | null {
    const columns = columnsOf(program);
    builder.begin(program, columns);
    return builder.build() ? new Table(columns, StaticArray.fromArray(builder.rows), builder.width, builder.start) : null;
  }

  matches(text: usize, length: i32): bool {
    const columns = changetype<usize>(this.columns);
    const rows = changetype<usize>(this.rows);
    let row: usize = this.start;
    for (let end = text + <usize>length; text < end; text++) {
      row = load<u16>(rows + ((row + <usize>load<u8>(columns + <usize>load<u8>(text))) << 1));
      if (!row) return false;
    }
    return load<u16>(rows + ((row + <usize>this.width - 1) << 1)) != 0;
  }
}

/** Tells apart, in as few columns as may be, the bytes that some instruction tells apart. */
function columnsOf(program: Program): StaticArray<u8> {
  /** Where a column begins. */
  const cuts = new StaticArray<bool>(257);
  for (let i = 0; i < program.code.length; i++) {
    const instruction = program.code[i];
    if (opcodeOf(instruction) == Opcode.Range) {
      cuts[lowOf(instruction)] = true;
      cuts[highOf(instruction) + 1] = true;
    } else if (opcodeOf(instruction) == Opcode.Set) cutSet(cuts, program, argumentOf(instruction));
  }
  if ((program.places & (Place.LineStart | Place.LineEnd)) != 0) {
    cuts[0x0a] = true;
    cuts[0x0b] = true;
  }
  if ((program.places & (Place.WordBoundary | Place.NoWordBoundary)) != 0) {
    for (let byte = 1; byte < 256; byte++) if (isWord(byte) != isWord(byte - 1)) cuts[byte] = true;
  }
  const columns = new StaticArray<u8>(256);
  let column: u8 = 0;
  for (let byte = 0; byte < 256; byte++) {
    if (byte > 0 && cuts[byte]) column++;
    columns[byte] = column;
  }
  return columns;
}

function cutSet(cuts: StaticArray<bool>, program: Program, set: i32): void {
  let inside: u64 = 0;
  for (let byte = 0; byte < 256; byte++) {
    const bit = (program.sets[set + (byte >> 6)] >> (byte & 63)) & 1;
    if (bit != inside) cuts[byte] = true;
    inside = bit;
  }
}

/** Works out which sets of instructions there are, as states, and what leads where. */
class Builder {
  readonly rows: u16[] = [];
  width: i32 = 0;
  start: i32 = 0;
  private program: Program = new Program();
  private columns: StaticArray<u8> = new StaticArray<u8>(0);
  /** The instructions of each state, and where they begin. */
  private readonly members: u16[] = [];
  private readonly starts: i32[] = [];
  private readonly previous: i32[] = [];
  /** States by hash, counted from 1: there are at most half as many, and those that one state adds. */
  private slots: StaticArray<u16> = new StaticArray<u16>(0);

  begin(program: Program, columns: StaticArray<u8>): void {
    this.program = program;
    this.columns = columns;
    this.width = <i32>columns[255] + 2;
    this.rows.length = 0;
    this.members.length = 0;
    this.starts.length = 0;
    this.starts.push(0);
    this.previous.length = 0;
    // Made by the first pattern: most modules have none.
    if (this.slots.length == 0) this.slots = new StaticArray<u16>(MAX_ENTRIES);
    else this.slots.fill(0);
  }

  build(): bool {
    const program = this.program;
    const limit = simulation.work + MAX_WORK;
    simulation.now.size = 0;
    this.state(Before.Other); // the one without a way on
    simulation.begin(program);
    this.start = this.state(Before.Nothing) * this.width;
    for (let state = 0; state < this.previous.length; state++) {
      if (this.previous.length * this.width > MAX_ENTRIES || this.members.length > MAX_MEMBERS || simulation.work > limit) return false;
      const previous = <Before>this.previous[state];
      for (let byte = 0, column = -1; byte < 256; byte++) {
        if (<i32>this.columns[byte] == column) continue;
        column++;
        this.load(state);
        simulation.step(program, previous, byte);
        this.rows.push(<u16>(this.state(before(byte, program.places)) * this.width));
      }
      this.load(state);
      this.rows.push(<u16>simulation.accepts(program, previous));
    }
    return true;
  }

  private load(state: i32): void {
    simulation.now.size = 0;
    for (let i = this.starts[state]; i < this.starts[state + 1]; i++) simulation.now.add(this.members[i]);
  }

  /** The number of the state that the simulation is in. */
  private state(previous: Before): i32 {
    const members = this.members;
    const start = members.length;
    let asserts = false;
    for (let i = 0; i < simulation.now.size; i++) {
      const instruction = simulation.now.at(i);
      const opcode = opcodeOf(this.program.code[instruction]);
      if (opcode == Opcode.Split || opcode == Opcode.Fail) continue;
      if (opcode == Opcode.Assertion) asserts = true;
      // In order, so that one set is one state.
      let at = members.push(<u16>instruction) - 1;
      for (; at > start && members[at - 1] > <u16>instruction; at--) members[at] = members[at - 1];
      members[at] = <u16>instruction;
      simulation.work += members.length - at;
    }
    if (!asserts) previous = Before.Other;
    let hash: i32 = previous;
    for (let i = start; i < members.length; i++) hash = (hash ^ (<i32>members[i])) * 0x01000193;
    let slot = hash & (MAX_ENTRIES - 1);
    for (; this.slots[slot]; slot = (slot + 1) & (MAX_ENTRIES - 1)) {
      const state = <i32>this.slots[slot] - 1;
      if (this.previous[state] != previous || !this.same(state, start)) continue;
      members.length = start;
      return state;
    }
    this.starts.push(members.length);
    const state = this.previous.push(previous);
    this.slots[slot] = <u16>state;
    return state - 1;
  }

  private same(state: i32, start: i32): bool {
    const from = this.starts[state];
    const length = this.members.length - start;
    if (this.starts[state + 1] - from != length) return false;
    for (let i = 0; i < length; i++) if (this.members[from + i] != this.members[start + i]) return false;
    return true;
  }
}

/** Kept from pattern to pattern: what configuring throws away stays in a VM's memory until the configuration is read. */
const builder: Builder = new Builder();
