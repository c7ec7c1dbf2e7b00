import { ArenaBuffer, Bytes, JsonArray, JsonKind, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { Cidr } from "./cidr";
import { oneOf } from "./one-of";
import { Regex } from "./regex/regex";
import { CidrTest, Comparison, RegexTest, Test, TextTest } from "./test";

/** The tests that an object may name; one of them. `present` is not one of a value but of how many there are. */
const TESTS: string[] = ["exact", "prefix", "suffix", "regex", "in", "cidr", "present"];

/** The test that an object names; empty when it names none. That, and a second one, is noted as a problem. */
export function testName(object: JsonObject): string {
  return oneOf(object, TESTS, "test");
}

/** Reads the test `name`; what is wrong is noted in the document. */
export function readTest(object: JsonObject, name: string): Test {
  if (name == "cidr") return new CidrTest(readNetworks(filled(object, name)));
  if (name == "regex") return readRegex(object, name);
  if (name == "in") {
    const array = filled(object, name);
    const texts: Bytes[] = [];
    for (let i = 0; i < array.length; i++) texts.push(array.bytes(i));
    return new TextTest(Comparison.Whole, texts);
  }
  const comparison = name == "prefix" ? Comparison.Prefix : name == "suffix" ? Comparison.Suffix : Comparison.Whole;
  return new TextTest(comparison, [object.bytes(name)]);
}

function readRegex(object: JsonObject, name: string): Test {
  const pattern = object.bytes(name);
  const regex = Regex.compile(pattern);
  if (regex !== null) return new RegexTest(regex);
  object.problem(name, "must be a regular expression as RE2 has them: " + Regex.error + ' of "' + pattern.slice(0, 64).toString() + '"');
  return new TextTest(Comparison.Whole, []); // nothing passes; the configuration is refused anyway
}

function filled(object: JsonObject, name: string): JsonArray {
  const array = object.array(name);
  if (array.length == 0 && object.kind(name) == JsonKind.Array) object.problem(name, "must not be empty");
  return array;
}

function readNetworks(array: JsonArray): Cidr[] {
  const networks: Cidr[] = [];
  for (let i = 0; i < array.length; i++) {
    if (array.kind(i) != JsonKind.String) {
      array.string(i); // notes that it must be one
      continue;
    }
    const text = array.bytes(i);
    const cidr = Cidr.parse(text);
    if (cidr === null) array.problem(i, 'must be a network, as "10.0.0.0/8", or an address, got "' + text.toString() + '"');
    else if (!cidr.network().equals(cidr.address))
      array.problem(i, 'has bits beyond its prefix: "' + meant(cidr, text) + '" is the network');
    else networks.push(cidr);
  }
  return networks;
}

/** The network in the words of who wrote it: with the prefix that stands there. */
function meant(cidr: Cidr, text: Bytes): string {
  const buffer = new ArenaBuffer();
  cidr.network().write(buffer);
  return buffer.bytes().toString() + text.slice(text.indexOf(0x2f)).toString();
}
