export { Attributes } from "./assembly/attributes";
export { Cidr } from "./assembly/cidr";
export { Condition, Conditions, readConditions } from "./assembly/condition";
export { IpAddress } from "./assembly/ip";
export { Random } from "./assembly/random";
export { readValue } from "./assembly/read-value";
export { Regex } from "./assembly/regex/regex";
export { seeded } from "./assembly/seed";
export { Value } from "./assembly/value";
