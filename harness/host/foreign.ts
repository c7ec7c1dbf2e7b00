import type { Context } from "./context/context.ts";
import { Status } from "./status.ts";

/** What a foreign function answers. */
export interface ForeignAnswer {
  status: number;
  result?: Uint8Array;
}

/**
 * A function of the embedder. Bytes, or nothing, mean Ok; otherwise status and bytes.
 * @param argument what the module passed
 */
export type ForeignFunction = (argument: Buffer) => Uint8Array | ForeignAnswer | undefined;

/** What `proxy_call_foreign_function` finds: Envoy's own as far as they are here, and the test's. */
export class ForeignFunctions {
  constructor(private readonly given: Readonly<Record<string, ForeignFunction>> = {}) {}

  call(name: string, context: Context, argument: Buffer): ForeignAnswer {
    const own = this.given[name];
    if (own) {
      const answer = own(argument);
      if (answer === undefined) return { status: Status.Ok };
      return answer instanceof Uint8Array ? { status: Status.Ok, result: answer } : answer;
    }
    if (name === "clear_route_cache") {
      context.clearRouteCache();
      return { status: Status.Ok };
    }
    return { status: Status.NotFound };
  }
}
