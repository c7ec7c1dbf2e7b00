import { basename } from "node:path";
import type { Exec } from "./exec.ts";

/** When a command is said to take long, and how often again. */
const LONG_MS = 5_000;

/** The same, with a line for each command that takes long: tools that wait for a network do so without a word. */
export function patient(exec: Exec, progress: (line: string) => void): Exec {
  return async (command, args, options) => {
    const started = performance.now();
    const end = args.findIndex((argument) => argument.startsWith("--"));
    const what = [basename(command), ...args.slice(0, end < 0 ? 3 : Math.min(end, 3))].join(" ");
    const timer = setInterval(() => progress(`waiting for ${what} (${Math.round((performance.now() - started) / 1000)} s)`), LONG_MS);
    try {
      return await exec(command, args, options);
    } finally {
      clearInterval(timer);
    }
  };
}
