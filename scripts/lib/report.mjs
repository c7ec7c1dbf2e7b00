// @ts-check
import { hasCompiled, load } from "./dist.mjs";
import { KnownError } from "./known-error.mjs";

/** Prints an error as its user should see it and ends with its exit code. @param {unknown} error @returns {Promise<never>} */
export async function failWith(error) {
  process.exit(await printError(error));
}

/** Prints an error, or all errors of an AggregateError, on stderr; the answer is the exit code. @param {unknown} error @returns {Promise<number>} */
export async function printError(error) {
  const all = error instanceof AggregateError ? error.errors : [error];
  const known = all.filter((e) => Array.isArray(e?.diagnostics));
  if (known.length > 0 && hasCompiled("diagnostics/index")) {
    const { render } = await load("diagnostics/index");
    process.stderr.write(render(known.flatMap((e) => e.diagnostics)));
  }
  for (const e of all.filter((other) => !known.includes(other)))
    process.stderr.write(`meshscript: ${e instanceof Error && !(e instanceof KnownError) ? (e.stack ?? e.message) : (e?.message ?? e)}\n`);
  return known[0]?.exitCode ?? (error instanceof KnownError ? error.exitCode : 1);
}
