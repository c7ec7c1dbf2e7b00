import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../attributes";
import { Walked } from "../value";
import { queryString } from "./path";

/** A query parameter, as its bytes stand there: nothing is decoded. `?a` is an empty value, as `?a=` is. */
export class QueryValue extends Walked {
  private start: i32 = 0;

  constructor(private name: Bytes) {
    super();
  }

  rewind(): void {
    this.start = 0;
  }

  advance(from: Attributes): Bytes | null {
    const query = queryString(from);
    return query === null ? null : this.find(query);
  }

  /** The next one in a query, which is the same one until `rewind`. */
  find(query: Bytes): Bytes | null {
    while (this.start <= query.length) {
      const start = this.start;
      const ampersand = query.indexOf(0x26, start);
      const end = ampersand < 0 ? query.length : ampersand;
      this.start = end + 1;
      const equals = start + this.name.length;
      if (equals > end || memory.compare(query.ptr + <usize>start, this.name.ptr, this.name.length) != 0) continue;
      if (equals == end) return query.slice(end, end);
      if (query.at(equals) == 0x3d) return query.slice(equals + 1, end);
    }
    return null;
  }
}
