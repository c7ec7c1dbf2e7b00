import { ArenaBuffer, Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Admission } from "./admission";
import { Outcome, REASONS } from "./outcome";

const ADMITTED: Bytes = Bytes.of("verdict=admitted");
const SHADOW: Bytes = Bytes.of(" shadow=");
const UNCOUNTED: Bytes = Bytes.of(" uncounted=");
const REFUSED: Bytes = Bytes.of("verdict=refused limit=");
const REASON: Bytes = Bytes.of(" reason=");

/** For access logs, `%FILTER_STATE(wasm.meshscript.ratelimit:PLAIN)%`: the verdict, and the limit that it is by. */
export class Verdicts {
  private readonly text: ArenaBuffer = new ArenaBuffer();

  of(admission: Admission): Bytes {
    const text = this.text;
    const refusing = admission.refusing;
    text.clear();
    if (refusing !== null) {
      text.pushBytes(REFUSED);
      text.pushBytes(refusing.refusingName);
      if (refusing.outcome == Outcome.Limited) return text.bytes();
      text.pushBytes(REASON);
      text.pushBytes(REASONS[refusing.outcome]);
      return text.bytes();
    }
    for (let i = 0; i < admission.size; i++) {
      const attempt = admission.attempts[i];
      if (attempt.outcome == Outcome.Admitted) continue;
      if (text.length == 0) text.pushBytes(ADMITTED);
      text.pushBytes(attempt.passes ? UNCOUNTED : SHADOW);
      text.pushBytes(attempt.refusingName);
    }
    return text.length == 0 ? ADMITTED : text.bytes();
  }
}
