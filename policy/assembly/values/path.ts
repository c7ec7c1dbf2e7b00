import { Bytes, HeaderName } from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../attributes";
import { Value } from "../value";

const QUESTION: u8 = 0x3f;
const SLASH: u8 = 0x2f;

/** `:path` without the query; null when there is none, as for CONNECT. */
export function urlPath(from: Attributes): Bytes | null {
  const path = from.headers.get(HeaderName.PATH);
  if (path === null) return null;
  const question = path.indexOf(QUESTION);
  return question < 0 ? path : path.slice(0, question);
}

/** What follows the first `?` of `:path`; null without one. */
export function queryString(from: Attributes): Bytes | null {
  const path = from.headers.get(HeaderName.PATH);
  if (path === null) return null;
  const question = path.indexOf(QUESTION);
  return question < 0 ? null : path.slice(question + 1);
}

/** The path without the query. */
export class UrlPathValue extends Value {
  at(from: Attributes, index: i32): Bytes | null {
    return index == 0 ? urlPath(from) : null;
  }
}

/** The whole query, without its `?`. */
export class QueryStringValue extends Value {
  at(from: Attributes, index: i32): Bytes | null {
    return index == 0 ? queryString(from) : null;
  }
}

/** One part of the path between slashes, counted from 0. An empty part is a value; a path that is none (`*`) has no parts. */
export class PathSegmentValue extends Value {
  constructor(private segment: i32) {
    super();
  }

  at(from: Attributes, index: i32): Bytes | null {
    const path = index == 0 ? urlPath(from) : null;
    return path === null ? null : this.find(path);
  }

  /** The part of a path. */
  find(path: Bytes): Bytes | null {
    if (path.at(0) != SLASH) return null;
    let start = 1;
    for (let i = 0; i < this.segment; i++) {
      const slash = path.indexOf(SLASH, start);
      if (slash < 0) return null;
      start = slash + 1;
    }
    const end = path.indexOf(SLASH, start);
    return path.slice(start, end < 0 ? path.length : end);
  }
}
