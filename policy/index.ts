export { Condition, Conditions, readConditions } from "./assembly/condition";
export { readValue, Value, ValueKind } from "./assembly/value";
