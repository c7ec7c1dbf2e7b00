import { readFileSync } from "node:fs";
import { isObject } from "../../harness/envoy/builders.ts";
import type { ConfigObject } from "../../harness/envoy/types.ts";
import type { ProxyConfig } from "../compile.ts";

/** What would come from files of its own, by name. */
export interface Parts {
  endpoints: (path: string) => ConfigObject | undefined;
  /** Undefined: they come from their files. */
  routes?: ((name: string) => ConfigObject | undefined) | undefined;
  /** Undefined: they come from their files. */
  secrets?: ((name: string) => ConfigObject | undefined) | undefined;
}

/**
 * A configuration with parts inside that it would read from files. For each file that it watches Envoy takes one of the user's inotify instances,
 * of which Linux gives 128, and aborts when there is none left (observed on 1.40): a file for each cluster's endpoints is more than six sidecars
 * can have.
 */
export function inlined<T extends ConfigObject>(config: T, parts: Parts): T {
  return walk(config, parts) as T;
}

function walk(value: unknown, parts: Parts): unknown {
  if (Array.isArray(value)) return value.map((each) => walk(each, parts));
  if (!isObject(value)) return value;
  const changed: ConfigObject = {};
  for (const [key, each] of Object.entries(value)) Object.assign(changed, replaced(key, each, parts) ?? { [key]: walk(each, parts) });
  if (changed["load_assignment"] !== undefined && changed["type"] === "EDS") changed["type"] = "STATIC";
  return changed;
}

/** What stands instead of a field; undefined where it stays. */
function replaced(key: string, value: unknown, { endpoints, routes, secrets }: Parts): ConfigObject | undefined {
  if (key === "eds_cluster_config") {
    const { eds_config } = value as { eds_config: { path_config_source: { path: string } } };
    const assignment = endpoints(eds_config.path_config_source.path);
    return assignment && { load_assignment: assignment };
  }
  if (key === "rds" && routes) {
    const found = routes((value as { route_config_name: string }).route_config_name);
    return found && { route_config: found };
  }
  if (!secrets) return undefined;
  if (key === "tls_certificate_sds_secret_configs") {
    const found = (value as { name: string }[]).map(({ name }) => secrets(name)?.["tls_certificate"]);
    return { tls_certificates: found };
  }
  if (key === "combined_validation_context") {
    const context = value as { default_validation_context: ConfigObject; validation_context_sds_secret_config: { name: string } };
    const found = secrets(context.validation_context_sds_secret_config.name)?.["validation_context"] as ConfigObject | undefined;
    return found && { validation_context: { ...found, ...context.default_validation_context } };
  }
  return undefined;
}

/** Whether there are enough inotify instances for files of routes and secrets, beside those of listeners and clusters. */
export function filesAreFew(proxies: Iterable<ProxyConfig>): boolean {
  const watched = [...proxies].reduce((sum, { routes, credentials }) => sum + 4 + routes.length + credentials.length, 0);
  // Others run under the same user, too.
  return watched <= instances() / 2;
}

function instances(): number {
  try {
    return Number(readFileSync("/proc/sys/fs/inotify/max_user_instances", "utf8"));
  } catch {
    // Not Linux.
    return Number.POSITIVE_INFINITY;
  }
}
