import type { CodeEntry } from "./code-entry.ts";
import { cases } from "./codes/cases.ts";
import { check } from "./codes/check.ts";
import { cli } from "./codes/cli.ts";
import { config } from "./codes/config.ts";
import { envoy } from "./codes/envoy.ts";
import { host } from "./codes/host.ts";
import { identities } from "./codes/identities.ts";
import { mesh } from "./codes/mesh.ts";
import { modules } from "./codes/modules.ts";
import { provision } from "./codes/provision.ts";
import { up } from "./codes/up.ts";

/** Every code that meshscript can print. One file per area in `codes/`; the number without its last two digits is the area. */
export const registry = {
  ...config,
  ...modules,
  ...provision,
  ...envoy,
  ...host,
  ...identities,
  ...cases,
  ...cli,
  ...check,
  ...mesh,
  ...up,
} satisfies Record<string, CodeEntry>;

export type DiagnosticCode = keyof typeof registry;
