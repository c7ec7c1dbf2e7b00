import { readB3 } from "./b3";
import { readB3Multi } from "./b3-multi";
import { Found } from "./found";
import { Field, Format, Incoming } from "./incoming";
import { readJaeger } from "./jaeger";
import { TraceContext } from "./trace-context";

/** Reads the trace of a request in the formats of a configuration. */
export class Extractor {
  /** The format of the trace that was found. */
  format: Format = Format.TraceContext;

  constructor(private order: Format[]) {}

  /**
   * The first format in order that names a trace counts, whatever is wrong with those before it. Where none does, the first decision
   * that came without a trace counts. The result lies in `into`; nothing of it is to be used where neither was found.
   *
   * @param trusted false: nothing that came is believed (an untrusted edge)
   */
  read(incoming: Incoming, trusted: bool, into: TraceContext): Found {
    let best: Found = Found.Absent;
    let sampled = false;
    let debug = false;
    for (let i = 0; i < this.order.length; i++) {
      const found = readFormat(this.order[i], incoming, into);
      if (found == Found.Absent) continue;
      if (!trusted) return Found.Invalid;
      if (found == Found.Trace) {
        this.format = this.order[i];
        return found;
      }
      if (found == Found.Decision && best != Found.Decision) {
        sampled = into.sampled;
        debug = into.debug;
      }
      best = max<i32>(best, found);
    }
    into.decide(sampled, debug, false);
    return best;
  }
}

function readFormat(format: Format, incoming: Incoming, into: TraceContext): Found {
  switch (format) {
    case Format.B3Multi:
      return readB3Multi(incoming, into);
    case Format.B3: {
      if (!incoming.has(Field.B3)) return Found.Absent;
      const header = incoming.unique(Field.B3);
      return header === null ? Found.Invalid : readB3(header, into);
    }
    case Format.Jaeger: {
      if (!incoming.has(Field.Uber)) return Found.Absent;
      const header = incoming.unique(Field.Uber);
      return header === null ? Found.Invalid : readJaeger(header, into);
    }
    default: {
      if (!incoming.has(Field.Traceparent)) return Found.Absent;
      const header = incoming.unique(Field.Traceparent);
      return header !== null && into.parse(header) ? Found.Trace : Found.Invalid;
    }
  }
}
