import { Counter, CounterFamily } from "proxy-wasm-assemblyscript-sdk";
import { Decision, DryRun } from "./core/decision";
import { Rules } from "./core/rules";
import { nameOf } from "./verdict";

const POLICIES: string[] = ["policy"];

/** `meshscript_authz_allowed_total{policy="ns[NAMESPACE]-policy[NAME]-rule[INDEX]"}` and its like; `none` where no rule matched. */
export class Counters {
  private readonly allowed: ByRule;
  private readonly denied: ByRule;
  private readonly shadowDenied: ByRule;
  private readonly audited: ByRule;
  private readonly dryAllowed: ByRule;
  private readonly dryDenied: ByRule;

  constructor(private rules: Rules) {
    const size = rules.size;
    this.allowed = new ByRule("allowed", size);
    this.denied = new ByRule("denied", size);
    this.shadowDenied = new ByRule("shadow_denied", size);
    this.audited = new ByRule("audited", size);
    this.dryAllowed = new ByRule("dry_run_allowed", size);
    this.dryDenied = new ByRule("dry_run_denied", size);
  }

  /** @param passes what is denied is let through */
  count(decision: Decision, passes: bool): void {
    const verdict = decision.allowed ? this.allowed : passes ? this.shadowDenied : this.denied;
    verdict.count(decision.rule, this.rules);
    for (let i = 0; i < decision.audited.length; i++) this.audited.count(decision.audited[i], this.rules);
    if (decision.dryRun == DryRun.Allowed) this.dryAllowed.count(decision.dryRule, this.rules);
    else if (decision.dryRun == DryRun.Denied) this.dryDenied.count(decision.dryRule, this.rules);
  }
}

/** A counter for each rule that ever decided: made when it first does, for there may be thousands. */
class ByRule {
  private readonly family: CounterFamily;
  /** By rule + 1; the first is that of no rule. */
  private readonly counters: StaticArray<Counter | null>;

  constructor(what: string, rules: i32) {
    this.family = new CounterFamily("authz", "meshscript_authz_" + what + "_total", POLICIES, rules + 1);
    this.counters = new StaticArray<Counter | null>(rules + 1);
  }

  count(rule: i32, rules: Rules): void {
    let counter = this.counters[rule + 1];
    if (counter === null) {
      counter = this.family.with1(nameOf(rule, rules));
      this.counters[rule + 1] = counter;
    }
    counter.increment();
  }
}
