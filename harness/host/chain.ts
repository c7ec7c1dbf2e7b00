import type { AccessLogEntry } from "../envoy/access-log.ts";
import type { Address } from "../envoy/builders.ts";
import type { DownstreamTls } from "../envoy/types.ts";
import type { Forwarding, HeaderLimits } from "./codec.ts";
import type { Plugin } from "./plugins/plugin.ts";
import type { Cluster } from "./router/cluster.ts";
import type { HttpStream, ListenerSettings } from "./stream/stream.ts";

/** What a new stream goes through: the one listener. */
export interface Chain {
  /** The listener's name. */
  name: string;
  plugins: readonly Plugin[];
  names: readonly string[];
  /** Wasm access loggers. */
  accessLoggers: readonly Plugin[];
  settings: ListenerSettings;
  address: Address;
  /** What a client without a `host` header writes there. */
  authority: string;
  tls: DownstreamTls | undefined;
  /** Of a TCP listener: where its connections go. */
  tcp: { cluster: Cluster | undefined } | undefined;
  limits: HeaderLimits;
  /** Whether requests without `x-request-id` get one. */
  requestId: boolean;
  forwarding: Forwarding;
  accessLog(stream: HttpStream): AccessLogEntry;
}
