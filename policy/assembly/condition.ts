import { JsonArray, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "./attributes";
import { readTest, testName } from "./read-test";
import { readValue } from "./read-value";
import { Test } from "./test";
import { Value } from "./value";

/**
 * A value and a test of it. True when any of the value's occurrences passes; on an absent value false. `not` turns the answer round,
 * so a negated condition is true where the value is absent.
 */
export class Condition {
  /**
   * @param test null: whether there is a value, as `present` says
   */
  constructor(
    readonly value: Value,
    readonly test: Test | null,
    private present: bool,
    readonly negated: bool,
  ) {}

  holds(from: Attributes): bool {
    return this.matches(from) != this.negated;
  }

  private matches(from: Attributes): bool {
    const test = this.test;
    let value = this.value.at(from, 0);
    if (test === null) return (value !== null) == this.present;
    for (let i = 1; value !== null; i++) {
      if (test.passes(value)) return true;
      value = this.value.at(from, i);
    }
    return false;
  }
}

/** A list of conditions that must all hold; an empty one holds. */
export class Conditions {
  constructor(readonly list: Condition[]) {}

  hold(from: Attributes): bool {
    for (let i = 0; i < this.list.length; i++) {
      if (!this.list[i].holds(from)) return false;
    }
    return true;
  }
}

/** Reads `when`: an array of conditions. What is wrong is noted in the document. */
export function readConditions(array: JsonArray): Conditions {
  const list: Condition[] = [];
  for (let i = 0; i < array.length; i++) {
    const condition = readCondition(array.object(i));
    if (condition !== null) list.push(condition);
  }
  return new Conditions(list);
}

function readCondition(object: JsonObject): Condition | null {
  if (!object.present) return null;
  const value = readValue(object);
  const negated = object.boolean("not", false);
  const name = testName(object);
  if (name == "") return null;
  const asks = name == "present";
  const present = asks && object.boolean("present", true);
  let test: Test | null = null;
  if (!asks) test = readTest(object, name);
  return value === null ? null : new Condition(value, test, present, negated);
}
