import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { isWord } from "../ascii";
import { Attributes } from "../attributes";
import { Value } from "../value";
import { urlPath } from "./path";

const SLASH: u8 = 0x2f;

/** The text of a template such as `/users/{id}/orders`, where the path matches it: one value for many paths. */
export class PathTemplateValue extends Value {
  constructor(private template: Bytes) {
    super();
  }

  at(from: Attributes, index: i32): Bytes | null {
    const path = index == 0 ? urlPath(from) : null;
    return path !== null && this.matches(path) ? this.template : null;
  }

  /** Segment by segment; `{name}` is any one that is not empty. */
  matches(path: Bytes): bool {
    const template = this.template;
    if (path.at(0) != SLASH) return false;
    let ours = 1;
    let theirs = 1;
    while (true) {
      const ourEnd = segmentEnd(template, ours);
      const theirEnd = segmentEnd(path, theirs);
      if (template.at(ours) == 0x7b) {
        if (theirs == theirEnd) return false;
      } else {
        const length = ourEnd - ours;
        if (length != theirEnd - theirs) return false;
        if (memory.compare(template.ptr + <usize>ours, path.ptr + <usize>theirs, length) != 0) return false;
      }
      const last = ourEnd == template.length;
      if (last != (theirEnd == path.length)) return false;
      if (last) return true;
      ours = ourEnd + 1;
      theirs = theirEnd + 1;
    }
  }
}

/** What is wrong with a template; empty when nothing is. */
export function templateProblem(template: Bytes): string {
  if (template.at(0) != SLASH) return "must begin with /";
  for (let start = 1; start <= template.length;) {
    const end = segmentEnd(template, start);
    const named = template.at(start) == 0x7b && template.at(end - 1) == 0x7d && end - start > 2;
    const last = named ? end - 1 : end;
    for (let i = named ? start + 1 : start; i < last; i++) {
      const byte = template.at(i);
      if (named && !isName(byte)) return "must name a part with letters, digits, . _ or -, as {id}";
      if (byte == 0x7b || byte == 0x7d) return "must have braces around whole segments only, as /users/{id}";
      if (byte == 0x3f || byte == 0x23) return "must not hold ? or #: it is compared with the path only";
    }
    start = end + 1;
  }
  return "";
}

function segmentEnd(text: Bytes, start: i32): i32 {
  const slash = text.indexOf(SLASH, start);
  return slash < 0 ? text.length : slash;
}

function isName(byte: i32): bool {
  return isWord(byte) || byte == 0x2e || byte == 0x2d;
}
