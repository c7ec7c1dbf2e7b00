import { cli } from "./codes/cli.ts";
import { config } from "./codes/config.ts";
import { envoy } from "./codes/envoy.ts";
import { modules } from "./codes/modules.ts";
import { provision } from "./codes/provision.ts";

/** What is known of a code before it happens. A retired code stays listed with `retired: true`, so that its number is never used again. */
export interface CodeEntry {
  readonly level: "error" | "warning";
  /** A lower-case noun phrase: what is wrong, without the values of the moment. */
  readonly title: string;
  /** The one thing to do. */
  readonly help: string;
  /**
   * Who can mend it. `usage` exits 64, `data` 65 (a file of the user's), `environment` 69 (Envoy missing or not started),
   * `internal` 70 (please report), `test` 1.
   */
  readonly kind: "usage" | "data" | "environment" | "internal" | "test";
  readonly retired?: true;
  /** For its page in docs/errors/: what it means and why it is an error, Markdown. */
  readonly details?: string;
  /** For its page: what it looks like when printed. */
  readonly example?: string;
}

/** Every code that meshscript can print. One file per area in `codes/`; the number's third digit from the right is the area. */
export const registry = { ...config, ...modules, ...provision, ...envoy, ...cli } satisfies Record<string, CodeEntry>;

export type DiagnosticCode = keyof typeof registry;
