import type { PendingResponse } from "./client/types.ts";
import type { AccessLogEntry } from "./envoy/access-log.ts";
import type { EnvoyRequest } from "./envoy/envoy.ts";
import type { Logs } from "./envoy/logs.ts";
import type { ChainOptions, EnvoyOptions } from "./envoy/types.ts";
import type { TcpConnection } from "./tcp/connection.ts";
import type { UpstreamRecord } from "./upstreams/record.ts";

/**
 * What a test asks of a proxy: the verbs that the real Envoy (`openEnvoy`) and the in-process host (`openHost`) share. A test that is
 * written against it runs on both.
 */
export interface Target {
  readonly running: boolean;
  request(request?: EnvoyRequest): PendingResponse;
  connect(options?: { listener?: string }): TcpConnection;
  upstream(name: string): UpstreamRecord;
  stats(filter?: string): Promise<Map<string, number>>;
  stat(name: string): Promise<number | undefined>;
  logs(): Logs;
  logTail(count?: number): string[];
  waitForLog(pattern: RegExp | string, options?: { timeout?: number; from?: number }): Promise<string>;
  accessLog(): AccessLogEntry[];
  waitForAccessLog(count: number): Promise<AccessLogEntry[]>;
  update(change: ChainOptions): Promise<void>;
  report(): Promise<string>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What both can be opened with. */
export type TargetOptions = ChainOptions & Pick<EnvoyOptions, "componentLogLevel" | "concurrency" | "drainSeconds" | "mayEnd">;

/** `openEnvoy` or `openHost`. */
export type OpenTarget = (options: TargetOptions) => Promise<Target>;
