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
  if (format == Format.B3Multi) return readB3Multi(incoming, into);
  const field = format == Format.B3 ? Field.B3 : format == Format.Jaeger ? Field.Uber : Field.Traceparent;
  if (!incoming.has(field)) return Found.Absent;
  const header = incoming.unique(field);
  if (header === null) return Found.Invalid;
  if (format == Format.B3) return readB3(header, into);
  if (format == Format.Jaeger) return readJaeger(header, into);
  return into.parse(header) ? Found.Trace : Found.Invalid;
}
