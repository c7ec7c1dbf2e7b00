import { expect } from "vitest";
import { toHaveHeader, toHaveLogged, toHaveStatus } from "./matchers.ts";

/** Importing this file registers the matchers with vitest. */
expect.extend({ toHaveHeader, toHaveLogged, toHaveStatus });

declare module "vitest" {
  // vitest's own declaration has this parameter with this default, and declarations that merge must agree.
  // biome-ignore lint/suspicious/noExplicitAny: the name and default of the merged interface are vitest's -- no choice here
  interface Matchers<T = any> {
    /** The response has this status; shows the whole answer when not. */
    toHaveStatus(status: number): T;
    /**
     * The response, or a request that an upstream received, has this header: any value; one equal to a string or matching a pattern;
     * exactly these values in this order (`[]`: absent).
     */
    toHaveHeader(name: string, expected?: string | RegExp | readonly string[]): T;
    /** A module in this Envoy has logged such a line. */
    toHaveLogged(pattern: string | RegExp): T;
  }
}

export { eventually } from "./eventually.ts";
export { type HostName, onBothHosts } from "./hosts.ts";
export { describeMessage } from "./matchers.ts";
export { reportOnFailure } from "./report.ts";
