import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { unescape } from "../core/lenient-path";
import { isPathByte } from "../core/template";
import { Asks, TestSpec } from "../core/tests";
import { textTest } from "./patterns";

const OPEN: u8 = 0x7b;
const ONE = "{*}";
const ANY = "{**}";
const STAR: u8 = 0x2a;

/** Istio takes a path with one of the operators for a template; in others, braces are bytes like any. */
export function isTemplate(path: string): bool {
  return path.includes(ONE) || path.includes(ANY);
}

export const NOT_PLAIN: string =
  "must be a plain path with matching: strict, without ? # ; \\ // /./ and /../: no upstream reads it otherwise";

/** Whether a path has nothing that a lenient reading takes away: then it could only match in part, or never. */
export function isPlain(path: string): bool {
  const odd = ["?", "#", ";", "\\", "//", "/./", "/../"];
  for (let i = 0; i < odd.length; i++) if (path.includes(odd[i])) return false;
  return true;
}

/**
 * Adds the test of a path. One with escapes stands for what they mean, too: strictly judged, a path is compared in its decoded forms, and `%c3` is
 * `%C3`.
 */
export function pathTests(path: string, strict: bool, tests: TestSpec[]): void {
  let test = isTemplate(path) ? templateTest(Bytes.of(path)) : textTest(path);
  tests.push(test);
  for (let level = 1; strict && level <= 2; level++) {
    const text = test.text.copy();
    text.length = unescape(text.ptr, text.length);
    // An operator of a template is no escape's; a brace alone may be.
    if (text.length == test.text.length || (test.asks == Asks.Template && operators(text) != operators(test.text))) return;
    test = test.asks == Asks.Template ? templateTest(text) : new TestSpec(test.asks, text, test.extra);
    tests.push(test);
  }
}

/** With the length of the text behind the last operator, which is compared first. */
function templateTest(text: Bytes): TestSpec {
  let tail = text.length;
  for (let i = 0; i + 1 < text.length; i++) {
    if (text.at(i) == OPEN && text.at(i + 1) == STAR) tail = text.length - i - (text.at(i + 2) == STAR ? 4 : 3);
  }
  return new TestSpec(Asks.Template, text, tail);
}

function operators(bytes: Bytes): i32 {
  let count = 0;
  for (let i = 0; i + 1 < bytes.length; i++) if (bytes.at(i) == OPEN && bytes.at(i + 1) == STAR) count++;
  return count;
}

/** What is wrong with a template, by Istio's rules and those of Envoy's uri_template; empty when nothing is. */
export function templateProblem(path: string): string {
  if (!path.startsWith("/")) return "must begin with /";
  const segments = path.split("/");
  let any = false;
  for (let i = 1; i < segments.length; i++) {
    const segment = segments[i];
    if (segment == ONE || segment == ANY) {
      if (any) return "must have nothing but text behind " + ANY;
      any = segment == ANY;
    } else if (segment.length == 0) {
      // A final slash is all right.
      if (i < segments.length - 1) return "must not have an empty segment in a template";
    } else if (!isLiteral(segment)) return "must have " + ONE + " and " + ANY + " as whole segments, and no other braces or stars";
  }
  return "";
}

function isLiteral(segment: string): bool {
  const bytes = Bytes.of(segment);
  for (let i = 0; i < bytes.length; i++) if (bytes.at(i) == STAR || !isPathByte(<u8>bytes.at(i))) return false;
  return true;
}
