// @ts-check
/** What a person can mend by the message alone: no stack. Exit code 64 for a wrong call. */
export class KnownError extends Error {
  /** @param {string} message @param {number} [exitCode] */
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
