/** What a test says. `Unknown`: it cannot be told; DENY and AUDIT rules then take it for the answer that matches, ALLOW rules for the other. */
export enum Answer {
  No = 0,
  Yes = 1,
  Unknown = 2,
}
