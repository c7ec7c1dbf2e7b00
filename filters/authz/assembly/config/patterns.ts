import { Bytes, EMPTY } from "proxy-wasm-assemblyscript-sdk";
import { Cidr } from "../../../../policy";
import { ADDRESS_LENGTH } from "../core/passes";
import { Asks, ONLY_ALONE, ONLY_LISTED, TestSpec } from "../core/tests";

const COLON: u8 = 0x3a;

/**
 * Istio's match of a text: `*` any that is not empty, `*x` by its end, `x*` by its beginning, else the whole; the star in front counts first.
 *
 * @param prefix what all texts begin with, and the policy's do not
 */
export function textTest(value: string, prefix: string = ""): TestSpec {
  if (value == "*") return new TestSpec(Asks.NonEmpty, EMPTY);
  if (value.startsWith("*")) {
    return new TestSpec(Asks.Suffix, Bytes.of(value.substring(1)), prefix.length);
  }
  if (value.endsWith("*")) return new TestSpec(Asks.Prefix, Bytes.of(prefix + value.substring(0, value.length - 1)));
  return new TestSpec(Asks.Exact, Bytes.of(prefix + value));
}

/** The same where `*` is true of an empty text, too: Istio asks whether such a header is there. */
export function headerTest(value: string): TestSpec {
  return value == "*" ? new TestSpec(Asks.Present, EMPTY) : textTest(value);
}

/** Adds the test of a host. Strictly judged, one with a final dot is also the one without. */
export function hostTests(value: string, strict: bool, tests: TestSpec[]): void {
  const host = lowerCase(value);
  tests.push(headerTest(host));
  if (!strict || host.endsWith("*")) return;
  const colon = host.indexOf(":");
  const port = colon < 0 ? "" : host.substring(colon);
  let name = colon < 0 ? host : host.substring(0, colon);
  while (name.endsWith(".")) name = name.substring(0, name.length - 1);
  if (name.length > 1 && name.length + port.length < host.length) tests.push(headerTest(name + port));
}

/** Only the 26 letters, as the request's host is. */
function lowerCase(text: string): string {
  let lower = "";
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    lower += String.fromCharCode(<u32>(unit - 0x41) < 26 ? unit | 0x20 : unit);
  }
  return lower;
}

/** Of `experimental.envoy.filters.*`: `[v]` asks for an element of a list, `v` for what is none. */
export function metadataTest(value: string): TestSpec {
  if (!value.startsWith("[") || !value.endsWith("]")) return textTest(value).only(ONLY_ALONE);
  let start = 0;
  let end = value.length;
  while (start < end && isBracket(value, start)) start++;
  while (end > start && isBracket(value, end - 1)) end--;
  return textTest(value.substring(start, end)).only(ONLY_LISTED);
}

function isBracket(text: string, at: i32): bool {
  const unit = text.charCodeAt(at);
  return unit == 0x5b || unit == 0x5d;
}

/** A network, or an address; null when it is neither. Bits beyond the prefix do not count. */
export function networkTest(value: string): TestSpec | null {
  const text = Bytes.of(value);
  const cidr = Cidr.parse(text);
  if (cidr === null) return null;
  const network = new ArrayBuffer(ADDRESS_LENGTH);
  store<u8>(changetype<usize>(network), text.indexOf(COLON) >= 0 ? 6 : 4);
  memory.copy(changetype<usize>(network) + 1, cidr.network().ptr, 16);
  return new TestSpec(Asks.Cidr, Bytes.owning(network), 8 + cidr.bits);
}

/** A port in decimal; null when it is none. */
export function portTest(value: string): TestSpec | null {
  const port = Bytes.of(value).toU64(u64.MAX_VALUE);
  return port > 65_535 ? null : new TestSpec(Asks.Exact, Bytes.of(port.toString()));
}

/** `spiffe://.../ns/NAMESPACE/...`, where a star in the namespace stands for anything. */
export function namespaceTest(value: string): TestSpec {
  if (!value.includes("*")) return new TestSpec(Asks.Contains, Bytes.of("/ns/" + value + "/"));
  return new TestSpec(Asks.Glob, Bytes.of("*/ns/" + value + "/*"));
}

/** @param value `ACCOUNT` or `NAMESPACE/ACCOUNT` */
export function accountTest(value: string, namespace: string): TestSpec {
  const slash = value.indexOf("/");
  const ns = "/ns/" + (slash < 0 ? namespace : value.substring(0, slash)) + "/";
  return new TestSpec(Asks.ServiceAccount, Bytes.of(ns + "sa/" + value.substring(slash + 1)), <i32>Bytes.of(ns).length);
}

/** A star stands for anything within the trust domain. */
export function trustDomainTest(value: string): TestSpec {
  if (value == "*") return new TestSpec(Asks.Prefix, Bytes.of("spiffe://"));
  if (value.includes("*")) return new TestSpec(Asks.TrustDomain, Bytes.of(value));
  return new TestSpec(Asks.Prefix, Bytes.of("spiffe://" + value + "/"));
}
