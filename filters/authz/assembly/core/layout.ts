import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Action, GroupSpec, RuleSpec } from "./rule";
import { TestSpec } from "./tests";

/** Words of a group in front of its tests. */
export const GROUP_WORDS: i32 = 5;
/** Words of a test: what it asks, where its text is and how long, and what else it needs. */
export const TEST_WORDS: i32 = 4;

/**
 * Lays rules out flat: numbers in one block and texts in another, which the garbage collector takes for two objects however many policies there
 * are, and which the processor reads forward.
 *
 * ```
 * rule  = unknown, |to|, {list}, |from|, {list}, list
 * list  = |groups|, words, {group}
 * group = subject, field, notField, |tests|, |notTests|, {test}, {notTest}
 * test  = asks, text, length, extra
 * ```
 *
 * `unknown` is 1 for DENY and AUDIT, which match where it cannot be told, and 0 for ALLOW. `words` is how far to skip.
 */
export class Layout {
  readonly words: i32[] = [];
  readonly fields: string[] = [];
  private texts: Bytes[] = [];
  private textLength: i32 = 0;

  /** @returns where the rule begins */
  add(rule: RuleSpec): i32 {
    const start = this.words.length;
    this.words.push(rule.action == Action.Allow ? 0 : 1);
    this.lists(rule.to);
    this.lists(rule.from);
    this.list(rule.when);
    return start;
  }

  /** All texts, one behind the other. */
  text(): ArrayBuffer {
    const all = new ArrayBuffer(this.textLength);
    let at = changetype<usize>(all);
    for (let i = 0; i < this.texts.length; i++) {
      memory.copy(at, this.texts[i].ptr, this.texts[i].length);
      at += <usize>this.texts[i].length;
    }
    return all;
  }

  private lists(lists: GroupSpec[][]): void {
    this.words.push(lists.length);
    for (let i = 0; i < lists.length; i++) this.list(lists[i]);
  }

  private list(groups: GroupSpec[]): void {
    this.words.push(groups.length);
    const size = this.words.push(0);
    for (let i = 0; i < groups.length; i++) this.group(groups[i]);
    this.words[size - 1] = this.words.length - size;
  }

  private group(group: GroupSpec): void {
    this.words.push(group.subject);
    this.words.push(this.fieldOf(group.field));
    this.words.push(this.fieldOf(group.notField));
    this.words.push(group.tests.length);
    this.words.push(group.notTests.length);
    for (let i = 0; i < group.tests.length; i++) this.test(group.tests[i]);
    for (let i = 0; i < group.notTests.length; i++) this.test(group.notTests[i]);
  }

  private test(test: TestSpec): void {
    this.words.push(test.asks);
    this.words.push(this.textLength);
    this.words.push(test.text.length);
    this.words.push(test.extra);
    this.texts.push(test.text);
    this.textLength += test.text.length;
  }

  private fieldOf(name: string): i32 {
    const known = this.fields.indexOf(name);
    return known >= 0 ? known : this.fields.push(name) - 1;
  }
}
