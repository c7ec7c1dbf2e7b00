import { Script } from "node:vm";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { parseDuration } from "../duration.ts";
import type { CallState } from "./core.ts";

/** What the script runs; a property of the global object, since a script sees nothing else. */
const WORK = Symbol.for("meshscript.host.work");
const script = new Script('globalThis[Symbol.for("meshscript.host.work")]()');

/**
 * Ends what modules do when they do not return. Envoy has nothing like it: its worker would be lost. Only Node's `vm` can stop code that
 * loops on its own thread, wasm included; it costs a thread a call, which is why a host without a limit does not use it.
 */
export class CallbackLimit {
  private readonly ms: number | undefined;
  private running = false;
  /** A module did not return. */
  reached = false;

  /** @param limit milliseconds of real time, or a text with a unit; undefined: none */
  constructor(
    limit: string | number | undefined,
    private readonly state: CallState,
  ) {
    this.ms = typeof limit === "string" ? parseDuration(limit) : limit;
    if (this.ms !== undefined && !(this.ms >= 1 && Number.isSafeInteger(this.ms))) {
      throw new MeshscriptError(diagnostic("MS0407", `callbackLimit must be whole milliseconds above 0, got ${String(limit)}`));
    }
  }

  /** @throws MeshscriptError MS0705 when the limit is reached: the work was cut off where it was, and no `finally` of it has run */
  run<T>(work: () => T): T {
    if (this.ms === undefined || this.running) return work();
    const { state, ms } = this;
    const before = { ...state };
    const { stackTraceLimit } = Error;
    const scope = globalThis as unknown as Record<symbol, () => T>;
    const outer = scope[WORK];
    scope[WORK] = work;
    this.running = true;
    try {
      return script.runInThisContext({ timeout: ms }) as T;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
      const who = state.callback === "" ? "a module" : state.callback;
      const whose = state.current?.plugin.spec.name;
      Object.assign(state, before);
      this.reached = true;
      Error.stackTraceLimit = stackTraceLimit;
      throw new MeshscriptError(diagnostic("MS0705", `${whose === undefined ? "" : `${whose}: `}${who} did not return within ${ms} ms`));
    } finally {
      this.running = false;
      if (outer) scope[WORK] = outer;
      else delete scope[WORK];
    }
  }
}
