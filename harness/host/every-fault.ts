import type { Host } from "./host.ts";
import { Status } from "./status.ts";

/** One host call that was made to fail, and what came of it. */
export interface FaultOutcome {
  callback: string;
  /** Which host call of the callback, from 1. */
  call: number;
  /** The host function's name. */
  function: string;
  status: number;
  /** What the scenario threw. */
  error: unknown;
  /** Why the module trapped, if it did. */
  trap: string | undefined;
}

export interface EveryFaultOptions {
  /** [NotFound, BadArgument, InvalidMemoryAccess, InternalFailure] */
  statuses?: readonly number[];
  /** Only these callbacks [all that make host calls]. */
  callbacks?: readonly string[];
}

const usual = [Status.NotFound, Status.BadArgument, Status.InvalidMemoryAccess, Status.InternalFailure];

/**
 * Runs a scenario once for each host call that a module makes in it and each status, with that call failing: every error path of a filter.
 * A callback's k-th call fails each time the callback runs.
 *
 * @param open a fresh host each time; a host that does not open (a configuration that is refused) is an outcome too
 * @example
 * const outcomes = await everyFault(open, async (host) => { await host.request({ path: "/" }); });
 * expect(outcomes.filter(({ trap }) => trap !== undefined)).toEqual([]);
 */
export async function everyFault(
  open: () => Promise<Host>,
  scenario: (host: Host) => Promise<unknown>,
  options: EveryFaultOptions = {},
): Promise<FaultOutcome[]> {
  const outcomes: FaultOutcome[] = [];
  for (const [callback, functions] of await callsOf(open, scenario)) {
    if (options.callbacks && !options.callbacks.includes(callback)) continue;
    for (const [i, name] of functions.entries()) {
      for (const status of options.statuses ?? usual) {
        const host = await open();
        host.fail({ callback, call: i + 1, status });
        const error: unknown = await scenario(host).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        outcomes.push({ callback, call: i + 1, function: name, status, error, trap: host.failure?.reason });
        await host.stop().catch(() => undefined);
      }
    }
  }
  return outcomes;
}

/** The host calls of each callback, of its longest run. */
async function callsOf(open: () => Promise<Host>, scenario: (host: Host) => Promise<unknown>): Promise<Map<string, string[]>> {
  const host = await open();
  const calls = host.recordCalls();
  await scenario(host);
  await host.stop();
  return calls();
}
