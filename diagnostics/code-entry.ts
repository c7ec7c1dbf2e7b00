/** What is known of a code before it happens. A retired code stays listed with `retired: true`, so that its number is never used again. */
export interface CodeEntry {
  readonly level: "error" | "warning";
  /** A lower-case noun phrase: what is wrong, without the values of the moment. */
  readonly title: string;
  /** The one thing to do. */
  readonly help: string;
  /**
   * Who can mend it. `usage` exits 64, `data` 65 (a file of the user's), `findings` 79 (the same, when looking for them is
   * what the command does), `environment` 69 (Envoy missing or not started),
   * `internal` 70 (please report), `test` 1.
   */
  readonly kind: "usage" | "data" | "findings" | "environment" | "internal" | "test";
  readonly retired?: true;
  /** For its page in docs/errors/: what it means and why it is an error, Markdown. */
  readonly details?: string;
  /** For its page: what it looks like when printed. */
  readonly example?: string;
}
