import { Bytes, EMPTY } from "proxy-wasm-assemblyscript-sdk";
import { Asks, TestSpec } from "../core/tests";

/**
 * Adds a test of the issuer and one of the subject. `ISSUER/SUBJECT` is split at its last slash, for issuers are URLs. A star in front belongs to
 * the issuer, one at the end to the subject; without a slash `*x` is any issuer's subject, and `x*` an issuer with any subject.
 */
export function requestPrincipalTests(value: string, tests: TestSpec[]): void {
  const slash = value.lastIndexOf("/");
  const issuer = slash < 0 ? value : value.substring(0, slash);
  const subject = slash < 0 ? "" : value.substring(slash + 1);
  if (value == "*") {
    tests.push(ANY);
    tests.push(ANY);
  } else if (value.startsWith("*")) {
    tests.push(slash < 0 || issuer == "*" ? ANY : new TestSpec(Asks.Suffix, Bytes.of(issuer.substring(1))));
    tests.push(slash < 0 ? new TestSpec(Asks.Suffix, Bytes.of(value.substring(1))) : exact(subject));
  } else if (value.endsWith("*")) {
    tests.push(slash < 0 ? beginning(value) : exact(issuer));
    tests.push(slash < 0 || subject == "*" ? ANY : beginning(subject));
  } else {
    tests.push(exact(issuer));
    tests.push(exact(subject));
  }
}

const ANY: TestSpec = new TestSpec(Asks.NonEmpty, EMPTY);

function exact(text: string): TestSpec {
  return new TestSpec(Asks.Exact, Bytes.of(text));
}

/** `x*` */
function beginning(pattern: string): TestSpec {
  return new TestSpec(Asks.Prefix, Bytes.of(pattern.substring(0, pattern.length - 1)));
}
