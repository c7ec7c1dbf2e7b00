import { Subject } from "../subjects/subject";
import { TestSpec } from "./tests";

/** What a policy does; the order is the one in which rules are numbered. */
export enum Action {
  Deny = 0,
  Allow = 1,
  Audit = 2,
}

/** What a policy asks of one subject, such as `paths` and `notPaths`: one of the first, if there are any, and none of the others. */
export class GroupSpec {
  constructor(
    /** As the policy writes them: `paths`. The others' is the same with `not` in front. */
    readonly field: string,
    readonly notField: string,
    /** Index in `Subjects`. */
    readonly subject: i32,
    readonly tests: TestSpec[],
    readonly notTests: TestSpec[],
  ) {}
}

/** A rule: all of `when`, one of `to` and one of `from`, where there are any; each of those is a list that must hold as a whole. */
export class RuleSpec {
  readonly from: GroupSpec[][] = [];
  readonly to: GroupSpec[][] = [];
  readonly when: GroupSpec[] = [];

  constructor(
    /** `ns[NAMESPACE]-policy[NAME]-rule[INDEX]`, as Istio names it. */
    readonly name: string,
    readonly action: Action,
    /** The policy is on trial: its verdict is noted and not followed. */
    readonly dryRun: bool,
  ) {}
}

/** The subjects that policies ask about, each once. */
export class Subjects {
  readonly list: Subject[] = [];

  /** The index of the subject with this one's name, which is this one where there was none. */
  add(subject: Subject): i32 {
    for (let i = 0; i < this.list.length; i++) if (this.list[i].name == subject.name) return i;
    return this.list.push(subject) - 1;
  }
}
