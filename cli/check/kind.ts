import { isObject } from "../../harness/envoy/builders.ts";
import { closest } from "../../modules/verify/closest.ts";
import { keyOf } from "./plugins.ts";

/** What a file is by its content; undefined when only its place can tell. */
export function kindOf(value: unknown): "cases" | "envoy" | "xds" | undefined {
  if (!isObject(value)) return undefined;
  if ("cases" in value) return "cases";
  if (BOOTSTRAP.some((name) => keyOf(value, name) in value)) return "envoy";
  const { resources } = value;
  return Array.isArray(resources) && resources.every((one) => isObject(one) && "@type" in one) ? "xds" : undefined;
}

/** Fields of envoy.config.bootstrap.v3.Bootstrap that a person writes. */
const BOOTSTRAP = [
  "static_resources",
  "dynamic_resources",
  "admin",
  "node",
  "layered_runtime",
  "overload_manager",
  "bootstrap_extensions",
  "stats_sinks",
  "stats_config",
  "cluster_manager",
];

/** A name in the file that is nearly one by which a file is known. */
export function nearlyKnown(value: unknown): { key: string; near: string } | undefined {
  if (!isObject(value)) return undefined;
  for (const key of Object.keys(value)) {
    const near = closest(key, [...BOOTSTRAP, "cases", "resources"]);
    // Short names are near to many.
    if (near !== undefined && key.length > 4) return { key, near };
  }
  return undefined;
}
