import type { Plugin } from "../plugins/plugin.ts";
import type { Vm } from "../vm/vm.ts";
import { field, metadataMessage, struct, textField } from "./protobuf.ts";
import { type PropertyNode, type PropertySource, type PropertyValue, fromJson, group } from "./value.ts";

export type { PropertySource } from "./value.ts";

/** What every context can read. */
export function ownProperty(name: string, vm: Vm, plugin: Plugin): PropertyValue | undefined {
  if (name === "plugin_name") return Buffer.from(plugin.spec.name);
  if (name === "plugin_root_id") return Buffer.from(plugin.spec.rootId);
  if (name === "plugin_vm_id") return Buffer.from(vm.spec.vmId);
  return undefined;
}

/** The node, as a message. */
export function nodeProperty(vm: Vm): PropertyNode {
  const { id, cluster, metadata } = vm.host.node;
  return {
    get: (part) => (part === "id" ? id : part === "cluster" ? cluster : part === "metadata" ? fromJson(metadata) : undefined),
    bytes: () => Buffer.concat([textField(1, id), textField(2, cluster), field(3, struct(metadata))]),
  };
}

/** A Metadata message. */
export function metadataProperty(metadata: Readonly<Record<string, Record<string, unknown>>>): PropertyNode {
  return {
    get: (part) => (part === "filter_metadata" ? namespaces(metadata) : part === "typed_filter_metadata" ? fromJson({}) : undefined),
    bytes: () => metadataMessage(metadata),
  };
}

/** A root has no stream: only what belongs to the plugin and the node. */
export function rootProperties(vm: Vm, plugin: Plugin): PropertySource {
  return {
    top: (name) => (name === "xds" ? group((part) => (part === "node" ? nodeProperty(vm) : undefined)) : ownProperty(name, vm, plugin)),
  };
}

/** The map of namespaces: Envoy cannot hand it out as a whole. */
function namespaces(metadata: Readonly<Record<string, Record<string, unknown>>>): PropertyNode {
  return group((namespace) => fromJson(metadata[namespace]));
}
