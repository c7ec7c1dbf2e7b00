import { MeshscriptError } from "../../diagnostics/index.ts";
import { parseDuration } from "../../harness/index.ts";
import type { Flags } from "../command.ts";
import { usage } from "../parse.ts";

/** How many steps when nobody says. */
const STEPS = 10;

/** How fast a ramp goes. */
export interface Pace {
  /** Milliseconds of the whole. */
  over: number;
  /** At most so many. */
  steps: number;
}

/** `--over 10m` with `--steps 20` or `--every 30s`. @throws MeshscriptError MS0503, MS0504 */
export function paceOf(flags: Flags): Pace {
  const [whole, every, steps] = [flags.text("over"), flags.text("every"), flags.text("steps")];
  if (whole === undefined) throw usage("MS0504", "ramp needs --over: how long it takes", "write for example --over 10m");
  if (every !== undefined && steps !== undefined) throw usage("MS0504", "--every and --steps say the same", "leave one of them out");
  const over = durationOf("--over", whole);
  if (steps !== undefined) return { over, steps: countOf(steps) };
  if (every === undefined) return { over, steps: STEPS };
  const pause = durationOf("--every", every);
  if (pause > over) throw usage("MS0503", `--every ${every} is longer than --over ${whole}`, "give it a shorter one");
  return { over, steps: Math.round(over / pause) };
}

/** `success_rate < 99%`: the rate, from 0 to 1. @throws MeshscriptError MS0503 */
export function abortBelow(text: string): number {
  const [, number] = /^\s*success_rate\s*<\s*(\d+(?:\.\d+)?)\s*%\s*$/.exec(text) ?? [];
  const rate = Number(number) / 100;
  if (rate > 0 && rate <= 1) return rate;
  const help = "write for example --abort-if 'success_rate < 99%'";
  throw usage("MS0503", `--abort-if must be success_rate < NUMBER%, more than 0 and at most 100, got ${JSON.stringify(text)}`, help);
}

function countOf(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) > 0) return Number(text);
  throw usage("MS0503", `--steps must be a whole number from 1 to 999, got ${JSON.stringify(text)}`);
}

function durationOf(flag: string, text: string): number {
  try {
    const milliseconds = parseDuration(text);
    if (milliseconds > 0) return milliseconds;
  } catch (error) {
    if (!(error instanceof MeshscriptError)) throw error;
  }
  throw usage("MS0503", `${flag} must be a duration with its unit, as 30s or 1h30m, got ${JSON.stringify(text)}`);
}
