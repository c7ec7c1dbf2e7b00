import type { TargetReference, WorkloadSelector } from "./common.ts";

/** Which traffic of a workload: as a client, gateways too, or as a server, and at which ports. */
export interface TrafficSelector {
  mode?: "UNDEFINED" | "CLIENT" | "SERVER" | "CLIENT_AND_SERVER";
  ports?: { number: number }[];
}

export interface WasmVmConfig {
  env?: { name: string; value?: string; valueFrom?: "INLINE" | "HOST" }[];
}

/** Where in a chain, and in which chains. */
export interface ExtensionScope {
  selector?: WorkloadSelector;
  targetRef?: TargetReference;
  targetRefs?: TargetReference[];
  match?: TrafficSelector[];
  phase?: "UNSPECIFIED" | "UNSPECIFIED_PHASE" | "AUTHN" | "AUTHZ" | "STATS";
  priority?: number | null;
}

export interface WasmConfig {
  url?: string;
  type?: "UNSPECIFIED_PLUGIN_TYPE" | "HTTP" | "NETWORK";
  pluginName?: string;
  pluginConfig?: object;
  failStrategy?: "FAIL_CLOSE" | "FAIL_OPEN" | "FAIL_RELOAD";
  vmConfig?: WasmVmConfig;
}

/** https://istio.io/latest/docs/reference/config/proxy_extensions/wasm-plugin/ */
export interface WasmPlugin extends ExtensionScope, WasmConfig {}

/** Istio's newer form, for Lua too. */
export interface TrafficExtension extends ExtensionScope {
  wasm?: WasmConfig;
  lua?: { inlineCode?: string };
}

/** Ours, `meshscript.io/v1alpha1`: one of our filters with its configuration, or a module of one's own. docs/mesh.md */
export interface Filter extends ExtensionScope {
  /** Its name; or `wasm`. */
  filter?: string;
  /** A module's path, from the file that names it. */
  wasm?: string;
  config?: object;
  /** [true] */
  enabled?: boolean;
  pluginName?: string;
  failurePolicy?: "FAIL_CLOSED" | "FAIL_OPEN" | "FAIL_RELOAD";
  vmConfig?: WasmVmConfig;
}
