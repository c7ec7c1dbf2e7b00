import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../../../../policy";

/** Whether a request has what rules ask about. */
export enum Presence {
  Absent = 0,
  Present = 1,
  /** The host did not say: DENY and AUDIT rules that ask match, ALLOW rules do not. */
  Unknown = 2,
}

/** What several values of a subject mean. */
export enum Plurality {
  /** It is a set, as the audiences of a token: a condition holds when one of them does. */
  Set = 0,
  /** Nobody knows which of them the upstream will take: DENY and AUDIT rules hold for any, ALLOW rules must hold for each. */
  Alternatives = 1,
  /** Two that belong together, each with a test of its own: issuer and subject of a token. */
  Pair = 2,
}

/** What conditions are about: an attribute of the request. Read at most once a request, when a rule asks. */
export abstract class Subject {
  presence: Presence = Presence.Absent;
  /** Borrowed; where it is present, one or more. */
  readonly values: Bytes[] = [];
  /** Of `values`, how many at the end are for DENY and AUDIT rules only, and strictly judged for what ALLOW rules exclude. */
  extra: i32 = 0;
  /** Of metadata: the values are a list's. */
  listed: bool = false;
  private round: u32 = 0;

  /** @param name as policies write it: subjects of one name are one */
  constructor(
    readonly name: string,
    readonly plurality: Plurality = Plurality.Set,
  ) {}

  of(from: Attributes): Presence {
    if (this.round != from.round) {
      this.round = from.round;
      this.values.length = 0;
      this.extra = 0;
      this.presence = this.read(from);
    }
    return this.presence;
  }

  /** Fills `values`. */
  protected abstract read(from: Attributes): Presence;
}
