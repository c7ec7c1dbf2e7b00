import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Diagnostic, type SourceLocation, diagnostic } from "../diagnostics/index.ts";
import type { Trap } from "../modules/index.ts";

/** `(file:line:column)`, or `(library near file:line:column)` where the optimizer merged a library's code. */
const PLACE = /\((?:\S+ near )?([^\s()]+):(\d+):(\d+)\)$/;
/** The words of `assert`, `throw` and the checks that the compiler adds, as the SDK logs them. */
const ABORT = /^(?:\[[^\]]*\] )?(\S+:\d+:\d+): (.*)$/s;

/** What the guest gave as its reason, in what it logged; undefined when it gave none: a division by zero, a stack that is full. */
export function abortIn(said: readonly string[]): { place: string; words: string } | undefined {
  const [, place, words] = said.map((text) => ABORT.exec(text)).find((match) => match !== null) ?? [];
  return place === undefined || words === undefined ? undefined : { place, words };
}

/**
 * A trap while a module is configured.
 * @param said what the module has logged
 * @param location where to show it: see `ownPlace`
 */
export function configurationTrap(
  name: string,
  { callback, reason, frames }: Trap,
  said: readonly string[],
  location: SourceLocation | undefined,
): Diagnostic {
  const where = callback === "proxy_on_configure" ? "its configuration callback, proxy_on_configure" : callback;
  return diagnostic("MS0103", `${name} trapped in ${where}: ${abortIn(said)?.words ?? reason}`, {
    ...(location ? { location } : {}),
    notes: frames.length > 0 ? ["the stack:", ...frames] : said.slice(-5),
  });
}

/** The first place of a stack that is the user's own, with its line when the source is there. @param cwd where paths of sources count from */
export function ownPlace({ frames }: Trap, cwd: string): SourceLocation | undefined {
  for (const frame of frames) {
    const [, file = "", line, column] = PLACE.exec(frame) ?? [];
    if (file === "" || /^~lib\/|(?:^|\/)node_modules\//.test(file)) continue;
    const place = { file, line: Number(line), column: Number(column) };
    const text = sourceLine(join(cwd, file), place.line);
    return { ...place, ...(text === undefined ? {} : { text }) };
  }
  return undefined;
}

function sourceLine(path: string, line: number): string | undefined {
  try {
    return readFileSync(path, "utf8").split(/\r?\n/)[line - 1];
  } catch {
    return undefined;
  }
}
