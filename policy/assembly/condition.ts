import { Bytes, Headers, JsonArray, JsonKind, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { readValue, Value } from "./value";

enum Operator {
  Exact = 0,
  Prefix = 1,
  Suffix = 2,
  In = 3,
  Present = 4,
}

const OPERATORS: string[] = ["exact", "prefix", "suffix", "in", "present"];

/**
 * A value and a test of it. True when any of the value's occurrences passes; on an absent value false. `not` turns the answer round,
 * so a negated condition is true where the value is absent.
 */
export class Condition {
  constructor(
    private value: Value,
    private operator: i32,
    private operands: Bytes[],
    private negated: bool,
  ) {}

  holds(headers: Headers): bool {
    return this.matches(headers) != this.negated;
  }

  private matches(headers: Headers): bool {
    const count = this.value.count(headers);
    if (this.operator == Operator.Present) return count > 0 == this.operands.length > 0;
    for (let i = 0; i < count; i++) {
      const value = this.value.at(headers, i);
      if (value !== null && this.passes(value)) return true;
    }
    return false;
  }

  private passes(value: Bytes): bool {
    for (let i = 0; i < this.operands.length; i++) {
      const operand = this.operands[i];
      if (this.operator == Operator.Prefix) {
        if (value.startsWith(operand)) return true;
      } else if (this.operator == Operator.Suffix) {
        if (value.endsWith(operand)) return true;
      } else if (value.equals(operand)) return true;
    }
    return false;
  }
}

/** A list of conditions that must all hold; an empty one holds. */
export class Conditions {
  constructor(private list: Condition[]) {}

  hold(headers: Headers): bool {
    for (let i = 0; i < this.list.length; i++) {
      if (!this.list[i].holds(headers)) return false;
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
  let found = -1;
  for (let i = 0; i < OPERATORS.length; i++) {
    if (!object.has(OPERATORS[i])) continue;
    if (found >= 0) {
      object.problem(OPERATORS[i], "a condition has one test: " + OPERATORS[found] + " or " + OPERATORS[i] + ", not both");
      return null;
    }
    found = i;
  }
  if (found < 0) {
    object.problem("", "needs one of: " + OPERATORS.join(", "));
    return null;
  }
  const operands: Bytes[] = [];
  if (found == Operator.Present) {
    if (object.boolean("present", true)) operands.push(Bytes.of("present"));
  } else if (found == Operator.In) {
    const array = object.array("in");
    for (let i = 0; i < array.length; i++) operands.push(array.bytes(i));
    if (operands.length == 0 && object.kind("in") == JsonKind.Array) object.problem("in", "must not be empty");
  } else {
    operands.push(object.bytes(OPERATORS[found]));
  }
  return value === null ? null : new Condition(value, found, operands, negated);
}
