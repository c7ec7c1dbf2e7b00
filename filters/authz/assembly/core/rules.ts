import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../../../../policy";
import { Decision, DryRun } from "./decision";
import { Program } from "./program";
import { Action, RuleSpec, Subjects } from "./rule";
import { RuleIndex } from "./rule-index";

/** All rules of all policies, and what they come to for a request. */
export class Rules {
  readonly names: Bytes[] = [];
  private readonly program: Program;
  private readonly index: RuleIndex;
  private readonly decision: Decision = new Decision();
  /** Where each part of the rules ends, as `PARTS` orders them. */
  private readonly ends: StaticArray<i32>;

  /**
   * @param strict as in `Program`
   * @param restricted there is an ALLOW policy: what none matches is refused
   * @param dryRestricted so it would be with the policies on trial
   * @param open what becomes of a request where there is no ALLOW policy
   */
  constructor(
    specs: RuleSpec[],
    subjects: Subjects,
    strict: bool,
    private restricted: bool,
    private dryRestricted: bool,
    private open: bool,
  ) {
    const sorted: RuleSpec[] = [];
    const ends = new StaticArray<i32>(PARTS);
    for (let part = 0; part < PARTS; part++) {
      for (let i = 0; i < specs.length; i++) if (partOf(specs[i]) == part) sorted.push(specs[i]);
      ends[part] = sorted.length;
    }
    this.program = new Program(sorted, subjects, strict);
    this.index = new RuleIndex(sorted, subjects);
    this.ends = ends;
    for (let i = 0; i < sorted.length; i++) this.names.push(Bytes.of(sorted[i].name));
  }

  get size(): i32 {
    return this.names.length;
  }

  /** Istio's order: a DENY rule that matches refuses; else an ALLOW rule that matches allows; else it is refused if there are ALLOW policies. */
  decide(from: Attributes): Decision {
    const decision = this.decision;
    decision.clear();
    this.index.find(from);
    decision.rule = this.first(Part.Deny, from);
    decision.allowed = false;
    if (decision.rule < 0) {
      decision.rule = this.first(Part.Allow, from);
      decision.allowed = decision.rule >= 0 || (!this.restricted && this.open);
    }
    this.audit(decision, from);
    this.tryOut(decision, from);
    return decision;
  }

  /** Why a rule does not match the request that `from` is tied to; empty when it does. */
  explain(rule: i32, from: Attributes): string {
    return this.program.explain(rule, from);
  }

  private first(part: Part, from: Attributes): i32 {
    const rule = this.next(part, part == 0 ? 0 : unchecked(this.ends[part - 1]), from);
    return rule < unchecked(this.ends[part]) ? rule : -1;
  }

  /** The first rule of a part, at or after `start`, that matches; `ends[part]` or more where there is none. */
  private next(part: Part, start: i32, from: Attributes): i32 {
    const found = this.index.found;
    let rule = found.next(start);
    while (rule < unchecked(this.ends[part]) && !this.program.matches(rule, from)) rule = found.next(rule + 1);
    return rule;
  }

  private audit(decision: Decision, from: Attributes): void {
    const end = unchecked(this.ends[Part.Audit]);
    for (
      let rule = this.next(Part.Audit, unchecked(this.ends[Part.Audit - 1]), from);
      rule < end;
      rule = this.next(Part.Audit, rule + 1, from)
    ) {
      decision.audited.push(rule);
    }
  }

  private tryOut(decision: Decision, from: Attributes): void {
    decision.dryRule = this.first(Part.DryDeny, from);
    if (decision.dryRule >= 0) decision.dryRun = DryRun.Denied;
    else if (this.dryRestricted) {
      decision.dryRule = this.first(Part.DryAllow, from);
      decision.dryRun = decision.dryRule >= 0 ? DryRun.Allowed : DryRun.Denied;
    }
  }
}

enum Part {
  Deny = 0,
  Allow = 1,
  Audit = 2,
  DryDeny = 3,
  DryAllow = 4,
}
const PARTS: i32 = 5;

function partOf(rule: RuleSpec): Part {
  if (!rule.dryRun) return rule.action == Action.Deny ? Part.Deny : rule.action == Action.Allow ? Part.Allow : Part.Audit;
  return rule.action == Action.Deny ? Part.DryDeny : Part.DryAllow;
}
