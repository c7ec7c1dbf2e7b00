import { Node, NodeKind } from "./node";
import { encode, FAIL, MATCH, MAX_INSTRUCTIONS, Opcode, Program } from "./program";

/** Makes a program of a tree, from its end to its start: each part is told where to go on. */
export class Compiler {
  readonly program: Program = new Program();
  /** The program would be too long; what it holds makes no sense. */
  full: bool = false;

  /** @param partial a match may be anywhere in the text */
  compile(node: Node, partial: bool): void {
    const program = this.program;
    if (!partial) program.start = this.node(node, MATCH);
    else program.start = this.anything(this.node(node, this.anything(MATCH)));
  }

  /** Any bytes, then `next`. */
  private anything(next: i32): i32 {
    const loop = this.emit(Opcode.Split, 0, 0, FAIL, next);
    this.join(loop, this.emit(Opcode.Range, 0, 0xff, loop, 0), next);
    return loop;
  }

  /** Where `node` begins when `next` comes after it. */
  private node(node: Node, next: i32): i32 {
    if (this.full) return FAIL;
    switch (node.kind) {
      case NodeKind.Byte:
        return this.emit(Opcode.Range, node.low, node.low, next, 0);
      case NodeKind.Set:
        return this.set(node, next);
      case NodeKind.Assertion:
        this.program.places |= node.low;
        return this.emit(Opcode.Assertion, node.low, 0, next, 0);
      case NodeKind.Concat:
        for (let i = node.kids.length - 1; i >= 0; i--) next = this.node(node.kids[i], next);
        return next;
      case NodeKind.Alternate: {
        let start = this.node(node.kids[node.kids.length - 1], next);
        for (let i = node.kids.length - 2; i >= 0; i--) start = this.split(this.node(node.kids[i], next), start);
        return start;
      }
      case NodeKind.Repeat:
        return this.repeat(node, next);
      default:
        return next;
    }
  }

  private repeat(node: Node, next: i32): i32 {
    const kid = node.kids[0];
    let start = next;
    let written = 0;
    if (node.high < 0) {
      const loop = this.split(FAIL, next);
      const body = this.node(kid, loop);
      this.join(loop, body, next);
      start = loop;
      if (node.low > 0) {
        start = body;
        written = 1;
      }
    } else {
      for (let i = node.low; i < node.high; i++) start = this.split(this.node(kid, start), next);
    }
    for (; written < node.low; written++) start = this.node(kid, start);
    return start;
  }

  private set(node: Node, next: i32): i32 {
    if (node.index < 0) {
      node.index = this.program.sets.length;
      for (let i = 0; i < 4; i++) this.program.sets.push(node.set.bits[i]);
    }
    return this.emit(Opcode.Set, 0, 0, next, node.index);
  }

  private split(a: i32, b: i32): i32 {
    return this.emit(Opcode.Split, 0, 0, a, b);
  }

  /** Closes a loop that was begun with an instruction that leads nowhere. */
  private join(loop: i32, body: i32, next: i32): void {
    if (!this.full) this.program.code[loop] = encode(Opcode.Split, 0, 0, body, next);
  }

  private emit(opcode: Opcode, low: i32, high: i32, next: i32, argument: i32): i32 {
    if (this.program.code.length >= MAX_INSTRUCTIONS) this.full = true;
    if (this.full) return FAIL;
    return this.program.code.push(encode(opcode, low, high, next, argument)) - 1;
  }
}
