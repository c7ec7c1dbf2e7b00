import { Backtraces, type TracedModule } from "./symbolize-log.ts";

/** A trap, as Envoy and the in-process host log it. */
export interface Trap {
  /** The callback that trapped, such as `proxy_on_configure`. */
  callback: string;
  /** The engine's reason, such as `unreachable`. */
  reason: string;
  /** The guest's stack, innermost first, with places where a source map tells them. */
  frames: string[];
}

const TRAP = /\bFunction: (\w+) failed: (?:Uncaught RuntimeError: )?(.*)$/s;
const HEADING = "Proxy-Wasm plugin in-VM backtrace:";
const FRAME = /^\s*\d+: {2}0x[\da-f]+ - /;

/** The lines of a message: where a log escapes control characters, `\n` stands between those of a backtrace. */
export function unfolded(message: string): string[] {
  return message.includes(HEADING) ? message.split(/\\n|\n/) : [message];
}

/** The first trap in lines of a log. @param modules those that may have trapped, for the places of frames that have none yet */
export function trapIn(lines: readonly string[], modules: readonly TracedModule[] = []): Trap | undefined {
  const traces = new Backtraces(modules);
  const all = lines.flatMap((line) => unfolded(line));
  const at = all.findIndex((line) => TRAP.test(line));
  const [, callback, reason = ""] = TRAP.exec(all[at] ?? "") ?? [];
  if (callback === undefined) return undefined;
  const below = all.slice(at + 1);
  const first = below[0]?.trim() === HEADING ? 1 : 0;
  const end = below.findIndex((line, i) => i >= first && !FRAME.test(line));
  const frames = below.slice(first, end < 0 ? below.length : end).map((line) => `  ${traces.line(line.trim())}`);
  return { callback, reason, frames };
}
