import { ByteSet } from "./byte-set";

export enum NodeKind {
  Empty = 0,
  Byte = 1,
  Set = 2,
  Assertion = 3,
  Concat = 4,
  Alternate = 5,
  Repeat = 6,
}

/** What an assertion demands of a place between two bytes; together they are bits. */
export enum Place {
  LineStart = 1,
  LineEnd = 2,
  TextStart = 4,
  TextEnd = 8,
  WordBoundary = 16,
  NoWordBoundary = 32,
}

const NONE: Node[] = [];
const NO_BYTES: ByteSet = new ByteSet();

/** A part of a pattern. */
export class Node {
  kids: Node[] = NONE;
  set: ByteSet = NO_BYTES;
  /** The byte, the place, or the least number of repetitions. */
  low: i32 = 0;
  /** The greatest number of repetitions; -1: no limit. */
  high: i32 = 0;
  /** How often the most repeated part within is there when counted repetitions are written out. */
  weight: i32 = 1;
  /** Where the set is in a program; -1 before it is in one. */
  index: i32 = -1;

  constructor(readonly kind: NodeKind) {}

  static byte(byte: i32): Node {
    const node = new Node(NodeKind.Byte);
    node.low = byte;
    return node;
  }

  static set(set: ByteSet): Node {
    const node = new Node(NodeKind.Set);
    node.set = set;
    return node;
  }

  static assertion(place: Place): Node {
    const node = new Node(NodeKind.Assertion);
    node.low = place;
    return node;
  }

  /** One after the other. Empty parts are left out: nothing is to be done for them, however often. */
  static concat(parts: Node[]): Node {
    const kids: Node[] = [];
    let weight = 1;
    for (let i = 0; i < parts.length; i++) {
      weight = max(weight, parts[i].weight);
      if (parts[i].kind != NodeKind.Empty) kids.push(parts[i]);
    }
    const node = kids.length == 1 ? kids[0] : new Node(kids.length ? NodeKind.Concat : NodeKind.Empty);
    if (kids.length > 1) node.kids = kids;
    node.weight = weight;
    return node;
  }

  static alternate(kids: Node[]): Node {
    if (kids.length == 1) return kids[0];
    const node = new Node(NodeKind.Alternate);
    node.kids = kids;
    for (let i = 0; i < kids.length; i++) node.weight = max(node.weight, kids[i].weight);
    return node;
  }

  /**
   * A part many times. `**` and its like become one, so that a tree is no deeper than its parentheses allow: `(?i)` and `\Q\E` between them let a
   * pattern stack as many as it likes. Counted ones are bounded by their weight.
   */
  static repeat(kid: Node, low: i32, high: i32): Node {
    const weight = kid.weight * max(1, high < 0 ? low : high);
    if (high == 0 || kid.kind == NodeKind.Empty) {
      const nothing = new Node(NodeKind.Empty);
      nothing.weight = weight;
      return nothing;
    }
    if (low == 1 && high == 1) return kid;
    const node = new Node(NodeKind.Repeat);
    node.weight = weight;
    node.low = low;
    node.high = high;
    node.kids = [kid];
    if (!node.simple || !kid.simple) return node;
    if (low == kid.low && high == kid.high) return kid;
    // (x?)+ and its like are x*.
    node.kids = kid.kids;
    node.low = 0;
    node.high = -1;
    return node;
  }

  /** True of `*`, `+` and `?`. */
  private get simple(): bool {
    return this.kind == NodeKind.Repeat && (this.high < 0 ? this.low < 2 : this.low == 0 && this.high == 1);
  }
}
