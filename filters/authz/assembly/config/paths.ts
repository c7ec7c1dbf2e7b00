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

/**
 * Adds the test of a path. One with escapes stands for what they mean, too: strictly judged, a path is compared in its decoded forms, and `%c3` is
 * `%C3`.
 */
export function pathTests(path: string, strict: bool, tests: TestSpec[]): void {
  let test = isTemplate(path) ? new TestSpec(Asks.Template, Bytes.of(path)) : textTest(path);
  tests.push(test);
  for (let level = 1; strict && level <= 2; level++) {
    const text = test.text.copy();
    text.length = unescape(text.ptr, text.length);
    // An operator of a template is no escape's.
    if (text.length == test.text.length || (test.asks == Asks.Template && countOf(text, OPEN) != countOf(test.text, OPEN))) return;
    test = new TestSpec(test.asks, text, test.extra);
    tests.push(test);
  }
}

function countOf(bytes: Bytes, wanted: u8): i32 {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes.at(i) == wanted) count++;
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
