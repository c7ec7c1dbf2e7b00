import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../../../../policy";
import { Plurality, Presence, Subject } from "../subjects/subject";
import { Answer } from "./answer";
import { GROUP_WORDS, Layout, TEST_WORDS } from "./layout";
import { passes } from "./passes";
import { RuleSpec, Subjects } from "./rule";
import { Asks, ONLY_ALONE, ONLY_LISTED } from "./tests";

const ASKS: i32 = 0xff;

/** All rules as one flat program: `Layout` says how, and where it leads is within its bounds. */
export class Program {
  private readonly subjects: Subject[];
  private readonly starts: StaticArray<i32>;
  private readonly words: StaticArray<i32>;
  private readonly texts: ArrayBuffer;
  readonly fields: string[];
  /** Behind the list or group that was judged last. */
  private next: i32 = 0;
  /** The field of the group that did not hold, when a list did not. */
  private failing: i32 = 0;
  /** Rules that match where it cannot be told. */
  private wide: bool = false;

  /** @param strict what Istio's patterns miss by their character sets cannot be told; otherwise it does not match, as in Istio */
  constructor(
    rules: RuleSpec[],
    subjects: Subjects,
    private strict: bool,
  ) {
    const layout = new Layout();
    const starts = new StaticArray<i32>(rules.length);
    for (let i = 0; i < rules.length; i++) starts[i] = layout.add(rules[i]);
    this.starts = starts;
    this.words = StaticArray.fromArray<i32>(layout.words);
    this.texts = layout.text();
    this.fields = layout.fields;
    this.subjects = subjects.list;
  }

  matches(rule: i32, from: Attributes): bool {
    this.begin(rule);
    return this.anyList(from) && this.anyList(from) && this.wholeList(from);
  }

  /**
   * Why a rule does not match: for each part that fails the field that fails first in it, as `to[0].paths; from[1].principals`; empty when it
   * matches.
   */
  explain(rule: i32, from: Attributes): string {
    this.begin(rule);
    const to = this.failures("to", from);
    const source = this.failures("from", from);
    const when = this.wholeList(from) ? "" : this.fields[this.failing];
    return [to, source, when].filter((part) => part.length > 0).join("; ");
  }

  // @ts-ignore: decorator
  @inline private word(at: i32): i32 {
    return unchecked(this.words[at]);
  }

  private begin(rule: i32): void {
    const start = unchecked(this.starts[rule]);
    this.wide = this.word(start) == 1;
    this.next = start + 1;
  }

  private failures(name: string, from: Attributes): string {
    const count = this.word(this.next++);
    const failed: string[] = [];
    for (let i = 0; i < count; i++) {
      if (!this.wholeList(from)) failed.push(name + "[" + i.toString() + "]." + this.fields[this.failing]);
    }
    return failed.length == count ? failed.join("; ") : "";
  }

  /** One of several lists holds; or there is none. */
  private anyList(from: Attributes): bool {
    const count = this.word(this.next++);
    let holds = count == 0;
    for (let i = 0; i < count; i++) {
      if (holds) this.next += this.word(this.next + 1) + 2;
      else holds = this.wholeList(from);
    }
    return holds;
  }

  /** All groups of a list hold. */
  private wholeList(from: Attributes): bool {
    const count = this.word(this.next);
    const end = this.next + this.word(this.next + 1) + 2;
    this.next += 2;
    let holds = true;
    for (let i = 0; i < count && holds; i++) holds = this.group(from);
    this.next = end;
    return holds;
  }

  private group(from: Attributes): bool {
    const at = this.next;
    const subject = unchecked(this.subjects[this.word(at)]);
    const count = this.word(at + 3);
    const notCount = this.word(at + 4);
    const tests = at + GROUP_WORDS;
    this.next = tests + (count + notCount) * TEST_WORDS;
    this.failing = this.word(count > 0 ? at + 1 : at + 2);
    const presence = subject.of(from);
    if (presence == Presence.Unknown) return this.wide;
    if (presence == Presence.Absent) return count == 0;
    if (subject.plurality == Plurality.Alternatives) return this.alternatives(subject, tests, count, notCount);
    if (count > 0 && !this.holds(this.set(subject, tests, count))) return false;
    this.failing = this.word(at + 2);
    return notCount == 0 || this.fails(this.set(subject, tests + count * TEST_WORDS, notCount));
  }

  /** Any value for a rule that is wide, each value for one that is not. */
  private alternatives(subject: Subject, tests: i32, count: i32, notCount: i32): bool {
    const wide = this.wide;
    const own = subject.values.length - subject.extra;
    // A reading of the lines can be the one that a rule refuses. It is no reason to refuse that it is not the one which a rule exempts.
    const all = wide ? count > 0 || !this.strict : notCount > 0 && this.strict;
    const values = all ? subject.values.length : own;
    const notTests = tests + count * TEST_WORDS;
    for (let i = 0; i < values; i++) {
      const value = unchecked(subject.values[i]);
      // What is only one reading of the lines can exclude the request from a narrow rule, and does not have to be named by it.
      const is = count == 0 || (!wide && i >= own) || this.holds(this.test(subject, value, tests, count));
      const isNot = notCount == 0 || this.fails(this.test(subject, value, notTests, notCount));
      this.failing = this.word(tests - GROUP_WORDS + (is ? 2 : 1));
      if ((is && isNot) == wide) return wide;
    }
    return !wide;
  }

  /** Some value passes one of the tests; of a pair, each its own. */
  private set(subject: Subject, tests: i32, count: i32): Answer {
    if (subject.plurality == Plurality.Pair) return this.pair(subject, tests, count);
    let answer = Answer.No;
    for (let i = 0; i < subject.values.length && answer != Answer.Yes; i++) {
      const one = this.test(subject, unchecked(subject.values[i]), tests, count);
      if (one != Answer.No) answer = one;
    }
    return answer;
  }

  /** Two tests belong together, one for each value. */
  private pair(subject: Subject, tests: i32, count: i32): Answer {
    let answer = Answer.No;
    for (let i = 0; i < count && answer != Answer.Yes; i += 2) {
      const first = this.test(subject, subject.values[0], tests + i * TEST_WORDS, 1);
      const second = this.test(subject, subject.values[1], tests + (i + 1) * TEST_WORDS, 1);
      if (first != Answer.No && second != Answer.No) answer = first == Answer.Yes && second == Answer.Yes ? Answer.Yes : Answer.Unknown;
    }
    return answer;
  }

  /** Where it cannot be told, what makes a wide rule match. */
  private holds(answer: Answer): bool {
    return answer == Answer.Unknown ? this.wide : answer == Answer.Yes;
  }

  private fails(answer: Answer): bool {
    return answer == Answer.Unknown ? this.wide : answer == Answer.No;
  }

  /** Does the value pass one of the tests? */
  private test(subject: Subject, value: Bytes, tests: i32, count: i32): Answer {
    const words = this.words;
    const raw = value === unchecked(subject.values[0]);
    let answer = Answer.No;
    for (let i = 0, at = tests; i < count; i++, at += TEST_WORDS) {
      const asks = unchecked(words[at]);
      if (asks & (subject.listed ? ONLY_ALONE : ONLY_LISTED)) continue;
      const text = changetype<usize>(this.texts) + <usize>unchecked(words[at + 1]);
      const one = passes(<Asks>(asks & ASKS), text, unchecked(words[at + 2]), unchecked(words[at + 3]), value, raw);
      if (one == Answer.Yes) return one;
      if (one == Answer.Unknown && this.strict) answer = one;
    }
    return answer;
  }
}
