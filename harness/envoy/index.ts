export type { AccessLogEntry } from "./access-log.ts";
export type { ListenerStatus, Quantiles } from "./admin.ts";
export {
  type Address,
  type BootstrapOptions,
  type ClusterOptions,
  type HttpListenerOptions,
  type TcpListenerOptions,
  bootstrap,
  cluster,
  fileAccessLog,
  httpFilter,
  httpListener,
  loadAssignment,
  merge,
  route,
  routerFilter,
  socketAddress,
  tcpListener,
  wasmAccessLogger,
  wasmFilter,
} from "./builders.ts";
export { Envoy, type EnvoyRequest, type EnvoyUpdate } from "./envoy.ts";
export type { LogLine, Logs, WasmLogLine } from "./logs.ts";
export { openEnvoy } from "./open.ts";
export { type RunDirectory, newRunDirectory, openRunDirectory } from "./run-directory.ts";
export { type Sample, samplesOf } from "./samples.ts";
export { downstreamTls, tlsInspector, upstreamTls } from "./tls.ts";
export type {
  ChainOptions,
  ConfigObject,
  DownstreamTls,
  EnvoyOptions,
  FilterSpec,
  ListenerOptions,
  NativeFilterSpec,
  TcpOptions,
  UpstreamTls,
  WasmFilterSpec,
} from "./types.ts";
export { validateConfig } from "./validate.ts";
