import type { ConfigObject, WasmFilterSpec } from "../../harness/envoy/types.ts";
import type { Part } from "../model/extensions.ts";
import { PARTS } from "../model/parts.ts";

/** One of our filters in the module that all chains have. */
export interface ChainPart {
  readonly name: string;
  readonly config: ConfigObject;
}

/** Filters that a chain has once: what Filters say of them is put together, and the first word counts. The others are there once for each Filter. */
const ONCE = new Set(["canary", "peer-metadata", "tracing", "authz", "metrics"]);

/** A chain's parts and what Filters add to them. @param said those with the higher priority first */
export function merged(own: readonly ChainPart[], said: readonly Part[]): ChainPart[] {
  return PARTS.flatMap((name) => {
    const mine = said.filter((part) => part.name === name);
    if (!ONCE.has(name)) return mine.filter(({ enabled }) => enabled).map(({ config }) => ({ name, config: { ...config } }));
    const base = own.find((part) => part.name === name);
    // The mesh has it where it has a reason to, as a policy; a Filter alone is none.
    if (base === undefined || mine.some(({ enabled }) => !enabled)) return [];
    return [{ name, config: Object.assign({}, ...mine.map(({ config }) => config).reverse(), base.config) }];
  });
}

/** The environment of the one VM that they are in. */
export function environmentOf(said: readonly Part[]): Pick<WasmFilterSpec, "environment" | "hostEnvironment"> {
  const all = said.map(({ env }) => env);
  const environment = Object.assign({}, ...all.map((env) => env.environment ?? {}).reverse()) as Record<string, string>;
  const host = [...new Set(all.flatMap(({ hostEnvironment = [] }) => hostEnvironment))].filter((name) => !(name in environment));
  return {
    ...(Object.keys(environment).length > 0 ? { environment } : {}),
    ...(host.length > 0 ? { hostEnvironment: host } : {}),
  };
}
