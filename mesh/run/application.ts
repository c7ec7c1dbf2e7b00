import type { Address } from "../../harness/envoy/builders.ts";
import type { UpstreamProtocol } from "../../harness/upstreams/types.ts";
import type { Upstream } from "../../harness/upstreams/upstream.ts";

/** What runs behind a sidecar. */
export interface Application {
  /** Where it listens for what its workload calls a port; opens it where that is ours to do. */
  open(target: number, protocol: UpstreamProtocol): Promise<Address>;
  /** Where it listens; undefined for a port that was never opened. */
  address(target: number): Address | undefined;
  /** It has ended, and is not back yet: nobody calls it. */
  readonly down: boolean;
  /** Begins to work; its proxy is ready. @param env what Kubernetes would tell a Pod of the services around it */
  start(env: Readonly<Record<string, string>>): Promise<void>;
  /** What it received; undefined for a program, whose matter that is. */
  upstream(target?: number): Upstream | undefined;
  stop(): Promise<void>;
}

/** A program that is started, a port that is served already, or neither: then a stub answers. */
export interface ApplicationSpec {
  /** Run by the shell, with PORT in its environment, and where the services of its namespace are: `REVIEWS_SERVICE_HOST`, `REVIEWS_SERVICE_PORT`. */
  command?: string;
  /** Added to the environment of the command. */
  env?: Readonly<Record<string, string>>;
  /** Working directory of the command [that of the file which says so, or this process's]. */
  cwd?: string;
  /** A port of 127.0.0.1 that is served already, by whomever. */
  served?: number;
}
