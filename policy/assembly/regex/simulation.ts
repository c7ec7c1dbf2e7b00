import { Before, before, END, placesAt } from "./place";
import { argumentOf, highOf, lowOf, MATCH, nextOf, Opcode, opcodeOf, Program } from "./program";

/** Numbers below a capacity, in the order in which they came; adding, asking and clearing take the same time however many there are. */
export class SparseSet {
  size: i32 = 0;
  private readonly dense: StaticArray<u16>;
  private readonly sparse: StaticArray<u16>;

  constructor(capacity: i32) {
    this.dense = new StaticArray<u16>(capacity);
    this.sparse = new StaticArray<u16>(capacity);
  }

  at(index: i32): i32 {
    return unchecked(this.dense[index]);
  }

  has(value: i32): bool {
    const index = <i32>unchecked(this.sparse[value]);
    return index < this.size && <i32>unchecked(this.dense[index]) == value;
  }

  /** False when it is there already. */
  add(value: i32): bool {
    if (this.has(value)) return false;
    unchecked((this.dense[this.size] = <u16>value));
    unchecked((this.sparse[value] = <u16>this.size));
    this.size++;
    return true;
  }
}

/**
 * All ways through a program at once (Thompson): each byte costs at most one look at each instruction, or two where there are assertions. The sets are made for
 * the longest program that is compiled, and shared by all.
 */
export class Simulation {
  /** Instructions looked at, since the start. */
  work: u64 = 0;
  /** Where the ways are before the next byte, with the assertions that may let them on. */
  now: SparseSet = new SparseSet(0);
  private then: SparseSet = new SparseSet(0);
  private beyond: SparseSet = new SparseSet(0);
  private stack: StaticArray<u16> = new StaticArray<u16>(0);

  /** Makes room for a program. While configuring, so that matching allocates nothing. */
  reserve(program: Program): void {
    const capacity = program.code.length;
    if (capacity <= this.stack.length) return;
    this.now = new SparseSet(capacity);
    this.then = new SparseSet(capacity);
    this.beyond = new SparseSet(capacity);
    this.stack = new StaticArray<u16>(capacity);
  }

  matches(program: Program, text: usize, length: i32): bool {
    this.begin(program);
    let previous = Before.Nothing;
    for (let i = 0; i < length; i++) {
      const byte = <i32>load<u8>(text + <usize>i);
      this.step(program, previous, byte);
      if (!this.now.size) return false;
      previous = before(byte, program.places);
    }
    return this.accepts(program, previous);
  }

  begin(program: Program): void {
    this.now.size = 0;
    this.follow(program, this.now, program.start, 0);
  }

  /** Takes a byte. */
  step(program: Program, previous: Before, byte: i32): void {
    const from = this.passed(program, previous, byte);
    const then = this.then;
    then.size = 0;
    for (let i = 0; i < from.size; i++) {
      const instruction = unchecked(program.code[from.at(i)]);
      const opcode = opcodeOf(instruction);
      if (opcode == Opcode.Range) {
        if (byte < lowOf(instruction) || byte > highOf(instruction)) continue;
      } else if (opcode != Opcode.Set || !hasBit(program, argumentOf(instruction), byte)) continue;
      this.follow(program, then, nextOf(instruction), 0);
    }
    this.work += from.size;
    this.then = this.now;
    this.now = then;
  }

  /** Whether the text may end here. */
  accepts(program: Program, previous: Before): bool {
    return this.passed(program, previous, END).has(MATCH);
  }

  /** Where the ways are when assertions have let on whom they do. */
  private passed(program: Program, previous: Before, byte: i32): SparseSet {
    if (!program.places) return this.now;
    const places = placesAt(previous, byte);
    const beyond = this.beyond;
    beyond.size = 0;
    for (let i = 0; i < this.now.size; i++) this.follow(program, beyond, this.now.at(i), places);
    this.work += this.now.size;
    return beyond;
  }

  /** Adds an instruction and all that can be reached from it without a byte where the place is such. */
  private follow(program: Program, set: SparseSet, start: i32, places: i32): void {
    let waiting = 0;
    let at = start;
    while (true) {
      this.work++;
      if (set.add(at)) {
        const instruction = unchecked(program.code[at]);
        const opcode = opcodeOf(instruction);
        if (opcode == Opcode.Split) {
          unchecked((this.stack[waiting++] = <u16>argumentOf(instruction)));
          at = nextOf(instruction);
          continue;
        }
        if (opcode == Opcode.Assertion && (lowOf(instruction) & places) != 0) {
          at = nextOf(instruction);
          continue;
        }
      }
      if (!waiting) return;
      at = <i32>unchecked(this.stack[--waiting]);
    }
  }
}

/** The one that all patterns use: matching is never interrupted. */
export const simulation: Simulation = new Simulation();

function hasBit(program: Program, set: i32, byte: i32): bool {
  return ((unchecked(program.sets[set + (byte >> 6)]) >> (byte & 63)) & 1) != 0;
}
