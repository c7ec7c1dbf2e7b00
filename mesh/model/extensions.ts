import { dirname, resolve } from "node:path";
import type { FilterSpec, WasmFilterSpec } from "../../harness/envoy/types.ts";
import type { Resource } from "../resources/resource.ts";
import type { ExtensionScope, Filter, TrafficExtension, WasmConfig, WasmPlugin, WasmVmConfig } from "../resources/types/index.ts";
import { attaches } from "./attachment.ts";
import { OWN_GROUP } from "./own-group.ts";
import type { Workload } from "./workloads.ts";

export type Phase = "UNSPECIFIED" | "AUTHN" | "AUTHZ" | "STATS";

/** What a WasmPlugin, a TrafficExtension or a Filter of ours puts into chains. */
export interface Extension {
  readonly resource: Resource<ExtensionScope>;
  readonly phase: Phase;
  /** A filter of its own; undefined for a part of the module that all proxies have. */
  readonly filter?: FilterSpec;
  readonly part?: Part;
}

/** What a Filter of ours says of one of our filters. */
export interface Part {
  readonly name: string;
  readonly config: object;
  readonly enabled: boolean;
  readonly env: Environment;
}

/** Environment variables of a VM: those with values, and those that have Envoy's own. */
export type Environment = Pick<WasmFilterSpec, "environment" | "hostEnvironment">;

/** Where a chain is. */
export interface ExtensionPlace {
  readonly direction: "inbound" | "outbound" | "gateway";
  readonly workload: Pick<Workload, "namespace" | "labels">;
  /** The application's for what comes in, the service's for what goes out, the gateway's own; undefined for what serves all. */
  readonly port?: number | undefined;
}

/** @param of all resources of a kind, the older first */
export function extensionsOf(of: <Spec>(kind: string, group: string) => readonly Resource<Spec>[]): Extension[] {
  const group = "extensions.istio.io";
  // Istio makes TrafficExtensions of WasmPlugins, and sorts them with the others.
  return [
    ...of<TrafficExtension>("TrafficExtension", group).flatMap((each) => ofTrafficExtension(each)),
    ...of<WasmPlugin>("WasmPlugin", group).flatMap((each) => ofModule(each, each.spec)),
    ...of<Filter>("Filter", OWN_GROUP).flatMap((each) => ofFilter(each)),
  ];
}

/** Those of a chain, as Pilot orders those of a phase: the workload's namespace before the mesh's, and of all the higher priority first. */
export function extensionsAt(all: readonly Extension[], place: ExtensionPlace): Extension[] {
  const own = (each: Extension) => each.resource.namespace === place.workload.namespace;
  const found = all.filter(({ resource }) => attaches(resource, place.workload) && isAt(resource.spec, place));
  const priority = ({ resource }: Extension) => resource.spec.priority ?? Number.NEGATIVE_INFINITY;
  const sorted = [...found.filter(own), ...found.filter((each) => !own(each))];
  // Not by subtraction: two without a priority are the same, and infinities have no difference.
  return sorted.sort((a, b) => (priority(a) === priority(b) ? 0 : priority(a) > priority(b) ? -1 : 1));
}

/** One of the selectors is enough; a mode is of who the workload is in it. A listener for all ports is at none in particular. */
function isAt({ match }: ExtensionScope, { direction, port }: ExtensionPlace): boolean {
  if (!match?.length) return true;
  const own = direction === "inbound" ? "SERVER" : "CLIENT";
  return match.some(({ mode = "UNDEFINED", ports }) => {
    if (mode !== "UNDEFINED" && mode !== "CLIENT_AND_SERVER" && mode !== own) return false;
    return !ports?.length || ports.some(({ number }) => number === port);
  });
}

function scoped(resource: Resource<ExtensionScope>): Pick<Extension, "resource" | "phase"> {
  const { phase = "UNSPECIFIED" } = resource.spec;
  return { resource, phase: phase === "UNSPECIFIED_PHASE" ? "UNSPECIFIED" : phase };
}

function ofTrafficExtension(resource: Resource<TrafficExtension>): Extension[] {
  const { wasm, lua } = resource.spec;
  if (wasm) return ofModule(resource, wasm);
  if (!lua?.inlineCode) return [];
  const type = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua";
  const typedConfig = { "@type": type, default_source_code: { inline_string: lua.inlineCode } };
  return [{ ...scoped(resource), filter: { name: nameOf(resource), typedConfig } }];
}

const POLICIES = { FAIL_CLOSE: "FAIL_CLOSED", FAIL_OPEN: "FAIL_OPEN", FAIL_RELOAD: "FAIL_RELOAD" } as const;

function ofModule(resource: Resource<ExtensionScope>, module: WasmConfig): Extension[] {
  const { url = "", type, pluginName: rootId, pluginConfig: config, failStrategy = "FAIL_CLOSE", vmConfig } = module;
  // For connections, which have none here.
  if (type === "NETWORK") return [];
  const plugin = { rootId, config, failurePolicy: POLICIES[failStrategy], vmConfig };
  return [{ ...scoped(resource), filter: wasm(resource, url.replace(/^file:\/\//, ""), plugin) }];
}

function ofFilter(resource: Resource<Filter>): Extension[] {
  const { filter: name, wasm: file, config = {}, enabled = true, pluginName, failurePolicy, vmConfig } = resource.spec;
  if (name !== undefined) return [{ ...scoped(resource), part: { name, config, enabled, env: environment(vmConfig) } }];
  if (file === undefined || !enabled) return [];
  return [{ ...scoped(resource), filter: wasm(resource, file, { rootId: pluginName, config, failurePolicy, vmConfig }) }];
}

interface Plugin {
  rootId: string | undefined;
  config: object | undefined;
  failurePolicy: Filter["failurePolicy"] | undefined;
  vmConfig: WasmVmConfig | undefined;
}

/** A module lies beside the file that names it; in resources that are no file, where the process is. */
function wasm(resource: Resource<unknown>, path: string, { rootId, config, failurePolicy = "FAIL_CLOSED", vmConfig }: Plugin): FilterSpec {
  return {
    name: nameOf(resource),
    wasm: resolve(dirname(resource.source.file), path),
    failurePolicy,
    ...(rootId ? { rootId } : {}),
    ...(config && Object.keys(config).length > 0 ? { config } : {}),
    ...environment(vmConfig),
  };
}

/** As Istio calls it. */
const nameOf = ({ namespace, name }: Resource<unknown>) => `extensions.istio.io/trafficextension/${namespace}.${name}`;

function environment({ env = [] }: WasmVmConfig = {}): Environment {
  const host = env.filter(({ valueFrom }) => valueFrom === "HOST").map(({ name }) => name);
  const inline = env.filter(({ valueFrom }) => valueFrom !== "HOST").map(({ name, value = "" }) => [name, value]);
  return {
    ...(inline.length > 0 ? { environment: Object.fromEntries(inline) } : {}),
    ...(host.length > 0 ? { hostEnvironment: host } : {}),
  };
}
