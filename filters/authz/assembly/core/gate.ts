import { Bytes, EMPTY } from "proxy-wasm-assemblyscript-sdk";
import { Plurality } from "../subjects/subject";
import { GroupSpec, RuleSpec, Subjects } from "./rule";
import { Asks, ONLY_ALONE, ONLY_LISTED, TestSpec } from "./tests";

/** How a key of the index is compared; the first three as `Comparison` has them. */
export enum KeyKind {
  Exact = 0,
  Prefix = 1,
  Suffix = 2,
  /** `/ns/NAMESPACE/` within a SPIFFE id. */
  Namespace = 3,
  /** An address of which `bits` count. */
  Network = 4,
  /** Whatever the value. */
  Any = 5,
}

/** What a rule's subject must have, or the rule cannot match. */
export class Key {
  constructor(
    readonly kind: KeyKind,
    readonly text: Bytes,
    readonly bits: i32 = 0,
  ) {}
}

/** The keys by which a rule is found: it matches no request that has none of them. */
export class Gate {
  constructor(
    readonly subject: i32,
    readonly keys: Key[],
    /** How many requests may come through, roughly: less is better. */
    readonly width: i32,
  ) {}
}

/** A rule that has more keys than this is as well judged each time. */
const MOST_KEYS: i32 = 256;
const SLASH: u8 = 0x2f;
/** Of `/ns/`. */
export const NS_LENGTH: i32 = 4;

/** The narrowest gate of a rule; null where there is none, and the rule has to be judged for each request. */
export function gateOf(rule: RuleSpec, subjects: Subjects): Gate | null {
  let best: Gate | null = null;
  for (let i = 0; i < rule.when.length; i++) best = narrower(best, groupGate([rule.when[i]], subjects));
  best = narrower(best, listsGate(rule.to, subjects));
  return narrower(best, listsGate(rule.from, subjects));
}

function narrower(a: Gate | null, b: Gate | null): Gate | null {
  if (a === null) return b;
  return b === null || a.width <= b.width ? a : b;
}

/** One list must hold, whichever: a gate has to have keys of each. */
function listsGate(lists: GroupSpec[][], subjects: Subjects): Gate | null {
  if (lists.length == 0) return null;
  let best: Gate | null = null;
  const first = lists[0];
  for (let i = 0; i < first.length; i++) {
    const groups: GroupSpec[] = [];
    for (let k = 0; k < lists.length; k++) {
      const group = positiveOf(lists[k], first[i].subject);
      if (group !== null) groups.push(group);
    }
    if (groups.length == lists.length) best = narrower(best, groupGate(groups, subjects));
  }
  return best;
}

function positiveOf(groups: GroupSpec[], subject: i32): GroupSpec | null {
  for (let i = 0; i < groups.length; i++) if (groups[i].subject == subject && groups[i].tests.length > 0) return groups[i];
  return null;
}

/** The keys of groups about one subject. */
function groupGate(groups: GroupSpec[], subjects: Subjects): Gate | null {
  const index = groups[0].subject;
  const subject = subjects.list[index];
  // Many requests have the same method and come to the same port.
  let width = subject.name == "method" || subject.name == "destination.port" ? 300 : 0;
  const keys: Key[] = [];
  for (let i = 0; i < groups.length; i++) {
    if (groups[i].tests.length == 0) return null;
    const tests = groups[i].tests;
    const pairs = subject.plurality == Plurality.Pair;
    for (let k = 0; k < tests.length; k += pairs ? 2 : 1) {
      // Both of a pair must pass: either's key will do.
      const key = pairs ? narrowerKey(keyOf(tests[k]), keyOf(tests[k + 1])) : keyOf(tests[k]);
      if (key === null || keys.length == MOST_KEYS) return null;
      keys.push(key);
      width = max(width, widthOf(key));
    }
  }
  return new Gate(index, keys, width + keys.length);
}

function narrowerKey(a: Key | null, b: Key | null): Key | null {
  if (a === null) return b;
  // Tokens have few issuers and many subjects.
  return b === null || widthOf(a) < widthOf(b) ? a : b;
}

/** What a value must have to pass the test; null where that is nothing that an index could know. */
function keyOf(test: TestSpec): Key | null {
  switch (test.asks & ~(ONLY_ALONE | ONLY_LISTED)) {
    case Asks.Exact:
      return new Key(KeyKind.Exact, test.text);
    case Asks.Prefix:
      return new Key(KeyKind.Prefix, test.text);
    case Asks.Suffix:
      return new Key(KeyKind.Suffix, test.text);
    case Asks.Template:
      return new Key(KeyKind.Prefix, test.text.slice(0, test.text.indexOf(0x7b)).copy());
    case Asks.Contains:
      // The index looks at one segment.
      return test.text.indexOf(SLASH, NS_LENGTH) == test.text.length - 1 ? new Key(KeyKind.Namespace, test.text) : null;
    case Asks.ServiceAccount:
      return new Key(KeyKind.Namespace, test.text.slice(0, test.extra).copy());
    case Asks.Present:
    case Asks.NonEmpty:
      return new Key(KeyKind.Any, EMPTY);
    case Asks.Cidr:
      return new Key(KeyKind.Network, test.text, test.extra);
    default:
      return null;
  }
}

/** Long texts are rarer than short ones, and the whole is rarer than a part. */
function widthOf(key: Key): i32 {
  switch (key.kind) {
    case KeyKind.Exact:
      return 1;
    case KeyKind.Network:
      return 10 + 136 - key.bits;
    case KeyKind.Namespace:
      return 50;
    case KeyKind.Any:
      return 200;
    default:
      return 10 + max(0, 100 - key.text.length);
  }
}
