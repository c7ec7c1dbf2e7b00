import { type Diagnostic, diagnostic } from "../../diagnostics/index.ts";
import type { Path, YamlSource } from "../../harness/cases/source.ts";
import { isObject } from "../../harness/envoy/builders.ts";
import { type ConfigObject, bootstrap, httpListener } from "../../harness/index.ts";
import { dig } from "./plugins.ts";
import { chainOf } from "./question.ts";

export interface Wrapped {
  value: ConfigObject;
  /** From a path in the bootstrap to the one in the file. */
  toFile(path: Path): Path;
  /** The other way; undefined for what is not in the bootstrap. */
  toQuestion(path: Path): Path | undefined;
  /** Resources that have no place in a bootstrap. */
  notAsked: Diagnostic[];
}

/** One piece of the file and where it is in the bootstrap. */
interface Piece {
  file: Path;
  question: Path;
}

/**
 * Resources of file-based xDS as a bootstrap: Envoy validates nothing else. What a resource would be a part of is made around it: a listener
 * for a route configuration or a filter, a cluster for endpoints.
 */
export function wrapped(source: YamlSource): Wrapped {
  const value = bootstrap({});
  const resources = JSON.parse(JSON.stringify(dig(source.value, "resources"))) as ConfigObject[];
  const pieces: Piece[] = [];
  const notAsked: Diagnostic[] = [];
  resources.forEach(({ "@type": type, ...resource }, i) => {
    const name = String(type).replace(/^.*\//, "");
    const place = putInto(value, name, resource, `meshscript.check.${i}`);
    if (place) pieces.push({ file: ["resources", i], question: place });
    else {
      const location = source.locate(["resources", i, "@type"]);
      notAsked.push(diagnostic("MS0908", `Envoy was not asked about resources[${i}], of type ${name}`, { location }));
    }
  });
  for (const name of clustersNamedIn(value)) addCluster(value, name);
  const move = (path: Path, from: "file" | "question", to: "file" | "question"): Path | undefined => {
    const piece = pieces.find((one) => one[from].every((step, i) => path[i] === step));
    return piece && [...piece[to], ...path.slice(piece[from].length)];
  };
  return { value, notAsked, toFile: (path) => move(path, "question", "file") ?? [], toQuestion: (path) => move(path, "file", "question") };
}

/** Clusters that may be in another file. */
function clustersNamedIn(value: unknown, key = ""): string[] {
  if (typeof value === "string") return /^cluster(?:_name|Name)?$/.test(key) && value !== "" ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  const weighted = "weight" in value && "name" in value && typeof value.name === "string" ? [value.name] : [];
  return [...weighted, ...Object.entries(value).flatMap(([name, inner]) => clustersNamedIn(inner, name))];
}

/** @returns false when it is there already */
export function addCluster(value: ConfigObject, name: string): boolean {
  const clusters = dig(value, "static_resources", "clusters");
  if (!Array.isArray(clusters) || clusters.some((cluster) => isObject(cluster) && cluster["name"] === name)) return false;
  clusters.push({ name, type: "STATIC", connect_timeout: "1s" });
  return true;
}

/** @returns where it is now; undefined when there is no place for its type */
function putInto(value: ConfigObject, type: string, resource: ConfigObject, name: string): Path | undefined {
  const add = (list: string, item: ConfigObject): Path => {
    const statics = value["static_resources"] as Record<string, ConfigObject[]>;
    const items = statics[list] ?? [];
    statics[list] = items;
    return ["static_resources", list, items.push(item) - 1];
  };
  switch (type) {
    case "envoy.config.listener.v3.Listener":
      return add("listeners", resource);
    case "envoy.config.cluster.v3.Cluster":
      return add("clusters", resource);
    case "envoy.extensions.transport_sockets.tls.v3.Secret":
      return add("secrets", resource);
    case "envoy.config.endpoint.v3.ClusterLoadAssignment": {
      const cluster = { name, type: "STATIC", connect_timeout: "1s", load_assignment: resource };
      return [...add("clusters", cluster), "load_assignment"];
    }
    case "envoy.config.route.v3.RouteConfiguration": {
      const listener = httpListener({ name });
      managerOf(listener)["route_config"] = resource;
      return [...add("listeners", listener), ...MANAGER, "route_config"];
    }
    case "envoy.config.route.v3.VirtualHost": {
      const listener = httpListener({ name, virtualHosts: [resource] });
      return [...add("listeners", listener), ...MANAGER, "route_config", "virtual_hosts", 0];
    }
    case "envoy.config.core.v3.TypedExtensionConfig":
      return extension(resource, httpListener({ name }), add);
    default:
      return undefined;
  }
}

/** A filter that comes by ECDS, as the first of a listener's. */
function extension(resource: ConfigObject, listener: ConfigObject, add: (list: string, item: ConfigObject) => Path): Path | undefined {
  const type = String(dig(resource, "typed_config", "type_url") ?? dig(resource, "typed_config", "@type"));
  if (/\benvoy\.extensions\.filters\.http\./.test(type)) {
    const filters = chainOf(listener);
    // The router is the end of the chain; as the resource itself, it is the chain.
    if (/\.filters\.http\.router\./.test(type)) filters.pop();
    filters.unshift(resource);
    return [...add("listeners", listener), ...MANAGER, "http_filters", 0];
  }
  if (/\benvoy\.extensions\.filters\.network\.wasm\./.test(type)) {
    const [chain] = listener["filter_chains"] as { filters: unknown[] }[];
    chain?.filters.unshift(resource);
    return [...add("listeners", listener), "filter_chains", 0, "filters", 0];
  }
  return undefined;
}

const MANAGER: Path = ["filter_chains", 0, "filters", 0, "typed_config"];

function managerOf(listener: ConfigObject): ConfigObject {
  const [chain] = listener["filter_chains"] as { filters: { typed_config: unknown }[] }[];
  const manager = chain?.filters[0]?.typed_config;
  return isObject(manager) ? manager : {};
}
