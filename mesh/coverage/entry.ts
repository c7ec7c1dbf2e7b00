/**
 * What becomes of a field that the compiler does not turn into configuration of Envoy:
 * an `error` where leaving it out changes where requests go or who may send them, a `warning` where it means nothing on one machine or Istio itself
 * does nothing with it; `quiet` is of no consequence, and a finding for each would hide the others.
 */
export type Level = "error" | "warning" | "quiet";

export interface Entry {
  /** From the resource's root, with all below it. `[]` is each item of a list, `{}` each value of a map, `["a.b"]` a name with dots. */
  readonly path: string;
  readonly level: Level;
  /** Why, behind a colon: lower case, no full stop. */
  readonly reason: string;
  /** Only these values; the others are supported. Also asked of `undefined` where `absent` is set and the field is not there. */
  readonly when?: (value: unknown) => boolean;
  /** Which values `when` means, for docs/coverage.md. */
  readonly values?: string;
  /** The field's absence is such a value, too. */
  readonly absent?: true;
  /** In place of the code's own. */
  readonly help?: string;
}

/** What is said of a kind as a whole. */
export interface Verdict {
  readonly level: Level;
  readonly reason: string;
  readonly help?: string;
}

/** Of a kind: nothing of it is read, or all but these fields. */
export interface Coverage {
  readonly group: string;
  readonly kind: string;
  readonly whole?: Verdict;
  readonly entries?: readonly Entry[];
}
