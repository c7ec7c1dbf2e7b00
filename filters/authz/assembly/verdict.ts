import { ArenaBuffer, Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Decision, DryRun } from "./core/decision";
import { Rules } from "./core/rules";

const ALLOWED: Bytes = Bytes.of("verdict=allowed");
const DENIED: Bytes = Bytes.of("verdict=denied");
const SHADOW: Bytes = Bytes.of("verdict=allowed shadow=denied");
const POLICY: Bytes = Bytes.of(" policy=");
const AUDIT: Bytes = Bytes.of(" audit=");
const DRY_ALLOWED: Bytes = Bytes.of(" dry_run=allowed");
const DRY_DENIED: Bytes = Bytes.of(" dry_run=denied");
const DRY_POLICY: Bytes = Bytes.of(" dry_run_policy=");
/** What Istio calls it when no rule of the ALLOW policies matches. */
const NO_RULE: Bytes = Bytes.of("none");
/** Of all AUDIT rules that match, so many are named. */
const MOST_AUDITED: i32 = 8;

/** For access logs, `%FILTER_STATE(wasm.meshscript.authz:PLAIN)%`: the verdict, and the rule that it is by. */
export class Verdicts {
  private readonly text: ArenaBuffer = new ArenaBuffer();

  /** @param passes what is denied is let through */
  of(decision: Decision, rules: Rules, passes: bool): Bytes {
    const text = this.text;
    text.clear();
    text.pushBytes(decision.allowed ? ALLOWED : passes ? SHADOW : DENIED);
    if (decision.rule >= 0 || !decision.allowed) {
      text.pushBytes(POLICY);
      text.pushBytes(nameOf(decision.rule, rules));
    }
    for (let i = 0; i < min(decision.audited.length, MOST_AUDITED); i++) {
      text.pushBytes(AUDIT);
      text.pushBytes(rules.names[decision.audited[i]]);
    }
    if (decision.dryRun != DryRun.None) {
      text.pushBytes(decision.dryRun == DryRun.Allowed ? DRY_ALLOWED : DRY_DENIED);
      text.pushBytes(DRY_POLICY);
      text.pushBytes(nameOf(decision.dryRule, rules));
    }
    return text.bytes();
  }
}

/** `ns[NAMESPACE]-policy[NAME]-rule[INDEX]`, or `none`. */
export function nameOf(rule: i32, rules: Rules): Bytes {
  return rule < 0 ? NO_RULE : rules.names[rule];
}
