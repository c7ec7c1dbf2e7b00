/** What policies on trial (`istio.io/dry-run`) would have decided. */
export enum DryRun {
  /** There are none that have a say. */
  None = 0,
  Allowed = 1,
  Denied = 2,
}

/** What the rules came to. One object serves all requests. */
export class Decision {
  allowed: bool = false;
  /** The rule that decided; -1: none matched. */
  rule: i32 = -1;
  readonly audited: i32[] = [];
  dryRun: DryRun = DryRun.None;
  dryRule: i32 = -1;

  clear(): void {
    this.audited.length = 0;
    this.dryRun = DryRun.None;
    this.dryRule = -1;
  }
}
