// What policies say about the peer's SPIFFE ID. Names stand for themselves: a dot is a dot, as in Istio since CVE-2026-39350.
import { type Predicate, isAnything, literally, stringPattern } from "./text.ts";

/** Trust domain and the rest, `cluster.local/ns/shop/sa/web`: without the scheme, which a leading star comes after. */
export function principalPattern(value: string): Predicate {
  if (value === "*") return isAnything;
  if (value.startsWith("*")) return regex(`spiffe://.*${literally(value.slice(1))}`);
  return stringPattern(`spiffe://${value}`);
}

/** Stars anywhere, and each may go across slashes. */
export function namespacePattern(value: string): Predicate {
  return regex(`.*/ns/${value.split("*").map(literally).join(".*")}/.*`);
}

/** `namespace/name`, or `name` in the policy's own namespace; no stars. */
export function serviceAccountPattern(value: string, policyNamespace: string): Predicate {
  const slash = value.indexOf("/");
  const namespace = slash < 0 ? policyNamespace : value.slice(0, slash);
  const name = value.slice(slash + 1);
  return regex(`spiffe://.+/ns/${literally(namespace)}/(.+/|)sa/${literally(name)}(/.+)?`);
}

/** Stars anywhere, none goes across a slash. */
export function trustDomainPattern(value: string): Predicate {
  if (value === "*") return (id) => id.startsWith("spiffe://");
  return regex(`spiffe://${value.split("*").map(literally).join("[^/]*")}/.*`);
}

function regex(source: string): Predicate {
  const whole = new RegExp(`^(?:${source})$`);
  return (text) => whole.test(text);
}
