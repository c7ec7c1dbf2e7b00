import type { LocalityEndpoints } from "../../clusters/endpoints.ts";
import type { CompiledMesh, ProxyConfig } from "../../compile.ts";
import { type Port, isHttp, isTls } from "../../model/ports.ts";
import type { Service } from "../../model/services.ts";
import { type Json, type JsonObject, canonical } from "./canonical.ts";
import type { Config } from "./messages.ts";

/** What is compared of a proxy's configuration; each part by name. */
export interface Normalized {
  /** `outbound|...` */
  clusters: JsonObject;
  /** Of HTTP: `9080`, `http.8080` and `https.443.name.gateway.namespace`; without where requests go that nobody knows, which capture decides. */
  routes: JsonObject;
  /** By cluster, sorted: address, weight, whether it takes mutual TLS, where it is, and how that place is ranked and weighed. */
  endpoints: JsonObject;
  /** Where connections go that are not HTTP, by address and port: a cluster, or several with their weights. */
  tcp: JsonObject;
  /** What a port of the application takes. */
  inbound: JsonObject;
  /** What a gateway's listener takes, a text for each chain: server names, certificates, and where it leads. */
  gateway: JsonObject;
  /** Names of filters of WasmPlugins and TrafficExtensions in their order, by listener or port of the application; absent without any. */
  extensions?: JsonObject;
  /** Pilot's clusters that send connections on to where they were going, by capture: they are others by design. */
  forwarded: JsonObject;
}

/** What Pilot has of it. One listener of ours for TLS, told apart by server names, is several of Pilot's: they are not compared. */
export function ofPilot({ clusters, routes, endpoints, listeners }: Config, { mesh }: Pick<CompiledMesh, "mesh">): Normalized {
  const forwarded = new Set((clusters as JsonObject[]).filter(({ type }) => type === "ORIGINAL_DST").map(({ name }) => String(name)));
  const bytes = new Set<string>(
    mesh.services.flatMap(({ addresses, ports }) =>
      addresses.flatMap((address) =>
        ports.filter((port) => !isHttp(port) && !isTls(port)).map(({ number }) => `${address}_${number}` as string),
      ),
    ),
  );
  const all = listeners as JsonObject[];
  return {
    clusters: clustersOf(clusters as JsonObject[]),
    routes: routesOf(sniffed(routes as JsonObject[])),
    endpoints: byName(
      (endpoints as JsonObject[]).filter(({ cluster_name }) => isOutbound(cluster_name)),
      (each) => String(each["cluster_name"]),
      (each) => list(each["endpoints"]).flatMap(pilotsEndpoints).sort(byText),
    ),
    tcp: byName(
      all.filter(({ name }) => bytes.has(String(name))),
      (each) => String(each["name"]),
      (each) => canonical(proxied(list(each["filter_chains"])[0])),
    ),
    inbound: inboundOf(list(all.find(({ name }) => name === "virtualInbound")?.["filter_chains"])),
    gateway: all.some(({ name }) => name === "virtualInbound") ? {} : gatewayOf(all),
    ...extensionsOf([...all, ...inboundListeners(list(all.find(({ name }) => name === "virtualInbound")?.["filter_chains"]))]),
    forwarded: Object.fromEntries([...forwarded].sort().map((name) => [name, true])),
  };
}

/** What we have of it. @param ipOf a workload, by its id. */
export function ofOurs(
  { workload, clusters, routes, listeners }: ProxyConfig,
  { endpoints, mesh }: CompiledMesh,
  ipOf: (id: string) => string,
): Normalized {
  const eds = (clusters as unknown as JsonObject[]).filter(({ name, type }) => isOutbound(name) && type === "EDS");
  const all = listeners as unknown as JsonObject[];
  const addresses = new Map<string, string>(
    mesh.services.flatMap(({ host, addresses: [address], ports }) =>
      address === undefined ? [] : ports.map(({ number }) => [`${host}_${number}`, `${address}_${number}`] as const),
    ),
  );
  return {
    clusters: clustersOf(clusters as unknown as JsonObject[]),
    routes: routesOf(unknownApart(routes as unknown as JsonObject[], [...mesh.scope(workload).services.values()])),
    endpoints: byName(
      eds,
      (each) => String(each["name"]),
      (each) => {
        const source = (each["eds_cluster_config"] as { eds_config: { path_config_source: { path: string } } }).eds_config;
        const found = endpoints.get(source.path_config_source.path)?.localities ?? [];
        return found.flatMap((one) => ourEndpoints(one, ipOf)).sort(byText);
      },
    ),
    tcp: byName(
      all.filter(({ name }) => addresses.has(String(name))),
      (each) => addresses.get(String(each["name"])) ?? "",
      (each) => canonical(proxied(list(each["filter_chains"])[0])),
    ),
    forwarded: {},
    gateway: workload.type === "gateway" ? gatewayOf(all) : {},
    ...extensionsOf(all),
    inbound: inboundOf(
      all
        .filter(({ name }) => String(name).startsWith("virtualInbound_"))
        .flatMap((each) => {
          const port = Number(String(each["name"]).slice("virtualInbound_".length));
          return list(each["filter_chains"]).map((chain) => ({
            ...chain,
            filter_chain_match: { ...(chain["filter_chain_match"] as JsonObject), destination_port: port },
          }));
        }),
    ),
  };
}

const isOutbound = (name: Json | undefined) => String(name).startsWith("outbound|");
const list = (value: Json | undefined) => (value ?? []) as JsonObject[];
const byText = (a: Json, b: Json) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

function byName(all: readonly JsonObject[], name: (each: JsonObject) => string, value: (each: JsonObject) => Json | undefined): JsonObject {
  return Object.fromEntries(all.map((each) => [name(each), value(each)] as const).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function clustersOf(all: readonly JsonObject[]): JsonObject {
  return byName(
    all.filter(({ name }) => isOutbound(name)),
    (each) => String(each["name"]),
    // Istio's filters of connections only exchange metadata between its own proxies.
    ({ filters: _, ...each }) => canonical(secrets({ ...each, ...discovered(each) })),
  );
}

/** Endpoints of a cluster that DNS finds carry what Istio's telemetry reads, and their state, which is healthy unless somebody says otherwise. */
function discovered({ load_assignment: assignment }: JsonObject): JsonObject {
  if (assignment === undefined) return {};
  const { endpoints, ...rest } = assignment as JsonObject;
  const localities = list(endpoints).map((each) => ({
    ...each,
    lb_endpoints: list(each["lb_endpoints"]).map(({ metadata: _, health_status: __, ...endpoint }) => endpoint),
  }));
  return { load_assignment: { ...rest, endpoints: localities } };
}

/** Certificates by the file or the secret that they are in: Pilot lets its agent read files, Envoy reads ours itself. */
function secrets(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((each) => secrets(each) ?? {});
  if (typeof value !== "object" || value === null) return value;
  const out: JsonObject = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, secrets(each)]));
  if (Array.isArray(out["alpn_protocols"])) {
    // What Istio's proxies say to exchange metadata.
    out["alpn_protocols"] = out["alpn_protocols"].filter((name) => name !== "istio-peer-exchange");
  }
  const names = [
    ...list(out["tls_certificate_sds_secret_configs"]).map(({ name }) => String(name)),
    ...list(out["tls_certificates"]).map(fileCert),
  ];
  delete out["tls_certificate_sds_secret_configs"];
  delete out["tls_certificates"];
  if (names.length > 0) out["certificates"] = names;
  const combined = out["combined_validation_context"] as JsonObject | undefined;
  const validation = { ...(out["validation_context"] as JsonObject), ...(combined?.["default_validation_context"] as JsonObject) };
  const root = combined?.["validation_context_sds_secret_config"] as JsonObject | undefined;
  const file = (validation["trusted_ca"] as JsonObject | undefined)?.["filename"];
  const roots = root ? root["name"] : file ? `file-root:${String(file)}` : validation["system_root_certs"] ? "file-root:system" : undefined;
  if (roots !== undefined) {
    for (const name of ["combined_validation_context", "validation_context", "validation_context_sds_secret_config"]) delete out[name];
    out["validation"] = { roots, sans: sansOf(validation), crl: validation["crl"] };
  }
  return out;
}

const fileCert = ({ certificate_chain: chain, private_key: key }: JsonObject) =>
  `file-cert:${String((chain as JsonObject)["filename"])}~${String((key as JsonObject)["filename"])}`;

/** The newer form says of each of URI and DNS what the older says of all names. */
function sansOf(validation: JsonObject): Json {
  const older = list(validation["match_subject_alt_names"]);
  const newer = list(validation["match_typed_subject_alt_names"]).map(({ matcher }) => matcher as JsonObject);
  return [...new Set([...older, ...newer].map((each) => JSON.stringify(each)))];
}

/** Envoy sorts neither domains nor virtual hosts: no two have the same. */
function routesOf(all: readonly JsonObject[]): JsonObject {
  return byName(
    all.filter(({ name }) => /^(http\.)?\d+$|^https\./.test(String(name)) || SNIFFED.test(String(name))),
    (each) => String(each["name"]),
    ({ virtual_hosts: hosts, ...each }) => {
      const named = byName(
        list(hosts),
        ({ name }) => String(name),
        ({ domains, ...host }) => ({ ...(canonical(host) as JsonObject), domains: [...((domains ?? []) as string[])].sort() }),
      );
      return { ...(canonical(each) as JsonObject), virtual_hosts: named };
    },
  );
}

const SNIFFED = /^([^:]+):(\d+)$/;

/**
 * Ports of an unknown protocol: Pilot gives each host routes of its own, behind a look at the first bytes. We take the bytes for HTTP, so these are
 * the port's other routes. Here they are without domains, for Pilot's have been chosen by address.
 */
function sniffed(routes: readonly JsonObject[]): JsonObject[] {
  return routes.map((each) => {
    if (!SNIFFED.test(String(each["name"]))) return each;
    const own = list(each["virtual_hosts"]).filter(({ name }) => name === each["name"]);
    return own.length === 0 ? each : { name: each["name"], virtual_hosts: own.map((host) => ({ ...host, domains: [] })) };
  });
}

function unknownApart(routes: readonly JsonObject[], services: readonly Service[]): JsonObject[] {
  const named = (chosen: (service: Service, port: Port) => boolean) =>
    new Set<string>(
      services.flatMap((service) => service.ports.filter((port) => chosen(service, port)).map(({ number }) => `${service.host}:${number}`)),
    );
  // Without an address there is none to tell one from another by.
  const unknown = named(({ addresses }, { protocol }) => protocol === "unknown" && addresses.length > 0);
  const known = named((_, port) => isHttp(port) && port.protocol !== "unknown");
  return routes.flatMap((each) => {
    if (!/^\d+$/.test(String(each["name"]))) return [each];
    const hosts = list(each["virtual_hosts"]);
    const apart = hosts.filter(({ name }) => unknown.has(String(name)));
    // Where nothing but the unknown goes, Pilot has no others.
    const rest = hosts.some(({ name }) => known.has(String(name))) ? [each] : [];
    return [...rest, ...apart.map((host) => ({ name: host["name"], virtual_hosts: [{ ...host, domains: [] }] }))];
  });
}

function pilotsEndpoints({ locality, lb_endpoints: endpoints, priority, load_balancing_weight: total }: JsonObject): Json[] {
  const { region = "", zone = "", sub_zone = "" } = (locality ?? {}) as Record<string, string>;
  const all = list(endpoints).map((each) => {
    const { address, port_value: port } = ((each["endpoint"] as JsonObject)["address"] as JsonObject)["socket_address"] as JsonObject;
    const metadata = (each["metadata"] as { filter_metadata?: Record<string, JsonObject> } | undefined)?.filter_metadata;
    const mtls = metadata?.["envoy.transport_socket_match"]?.["tlsMode"] === "istio";
    return { address: `${String(address)}:${String(port)}`, weight: Number(each["load_balancing_weight"] ?? 1), mtls };
  });
  return inWords(all, { locality: [region, zone, sub_zone].join("/"), priority: Number(priority ?? 0), weight: Number(total) });
}

function ourEndpoints({ endpoints, ...group }: LocalityEndpoints, ipOf: (id: string) => string): Json[] {
  const all = endpoints.map((each) => ({
    ...each,
    address: "workload" in each ? `${ipOf(each.workload)}:${each.target}` : `${each.host}:${each.port}`,
  }));
  return inWords(all, group);
}

interface Shown {
  address: string;
  weight: number;
  mtls: boolean;
}

/** The weight of a place only where it is not that of its endpoints. */
function inWords(all: readonly Shown[], { locality, priority, weight: total }: Omit<LocalityEndpoints, "endpoints">): string[] {
  const place = locality.replace(/\/+$/, "");
  const sum = all.reduce((so, { weight }) => so + weight, 0);
  return all.map(({ address, weight, mtls }) =>
    [
      `${address} weight ${weight}`,
      ...(mtls ? ["mutual TLS"] : []),
      ...(place === "" ? [] : [`in ${place}`]),
      ...(total === sum ? [] : [`which weighs ${total}`]),
      ...(priority === 0 ? [] : [`priority ${priority}`]),
    ].join(", "),
  );
}

/** The part of a chain that says where bytes go. */
function proxied(chain: JsonObject | undefined): JsonObject {
  const filter = list(chain?.["filters"]).find(({ name }) => name === "envoy.filters.network.tcp_proxy");
  const { cluster, weighted_clusters: weighted } = (filter?.["typed_config"] ?? {}) as JsonObject;
  return { cluster, weighted };
}

/** A gateway's listeners by name; the order of chains is of no consequence. */
function gatewayOf(listeners: readonly JsonObject[]): JsonObject {
  return byName(
    listeners.filter(({ name }) => /^0\.0\.0\.0_\d+$/.test(String(name))),
    ({ name }) => String(name),
    ({ filter_chains: chains }) => list(chains).map(gatewayChain).sort(byText),
  );
}

function gatewayChain(chain: JsonObject): JsonObject {
  const { server_names: names } = (chain["filter_chain_match"] ?? {}) as JsonObject;
  const manager = list(chain["filters"]).find(({ name }) => name === "envoy.filters.network.http_connection_manager");
  const routes = ((manager?.["typed_config"] as JsonObject | undefined)?.["rds"] as JsonObject | undefined)?.["route_config_name"];
  const { typed_config: context } = (chain["transport_socket"] ?? {}) as JsonObject;
  return canonical({ names, tls: secrets(context), ...(routes === undefined ? proxied(chain) : { routes }) }) as JsonObject;
}

const EXTENSION = "extensions.istio.io/trafficextension/";

function extensionsOf(listeners: readonly JsonObject[]): Pick<Normalized, "extensions"> {
  const found = listeners.flatMap((each) => {
    const name = String(each["name"]);
    // What is sent through a proxy's own port is in no listener of Pilot's.
    if (!/^(0\.0\.0\.0_\d+|virtualInbound_\d+)$/.test(name)) return [];
    // Others pass bytes on.
    const managers = list(each["filter_chains"]).flatMap((chain) => managersFilters(chain) ?? []);
    const names = managers.map((filters) => filters.filter((filter) => filter.startsWith(EXTENSION)));
    return names.some((some) => some.length > 0) ? [[name, [...new Set(names.map((some) => some.join(" ")))].sort()] as const] : [];
  });
  return found.length > 0 ? { extensions: Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1))) } : {};
}

/** Istio makes TrafficExtensions of WasmPlugins, with a mark behind their names. */
function managersFilters(chain: JsonObject): [string[]] | undefined {
  const manager = list(chain["filters"]).find(({ name }) => name === "envoy.filters.network.http_connection_manager");
  if (manager === undefined) return undefined;
  const filters = list((manager["typed_config"] as JsonObject)["http_filters"]);
  return [filters.map(({ name }) => String(name).replace(/~istio-translated-wasmplugin$/, ""))];
}

/** Pilot's one listener for all ports of the application, as ours are: without chains that take TLS for the application's own. */
function inboundListeners(chains: readonly JsonObject[]): JsonObject[] {
  const ports = new Map<number, JsonObject[]>();
  for (const chain of chains) {
    const port = Number((chain["filter_chain_match"] as JsonObject | undefined)?.["destination_port"] ?? Number.NaN);
    if (port < 15000 || port >= 15100) ports.set(port, [...(ports.get(port) ?? []), chain]);
  }
  return [...ports].map(([port, all]) => ({ name: `virtualInbound_${port}`, filter_chains: all }));
}

/** By what a port's chains take. Pilot's ports beyond 15000 are its proxy's own. */
function inboundOf(chains: readonly JsonObject[]): JsonObject {
  const seen = new Map<string, { secure: boolean; plain: boolean }>();
  for (const chain of chains) {
    const { destination_port: port, transport_protocol: transport } = (chain["filter_chain_match"] ?? {}) as JsonObject;
    if (port === undefined || (Number(port) >= 15000 && Number(port) < 15100)) continue;
    const modes = seen.get(String(port)) ?? { secure: false, plain: false };
    seen.set(String(port), modes);
    if (chain["transport_socket"] !== undefined) modes.secure = true;
    else if (transport !== "tls") modes.plain = true;
  }
  const words = ({ secure, plain }: { secure: boolean; plain: boolean }) => (secure ? (plain ? "PERMISSIVE" : "STRICT") : "DISABLE");
  return Object.fromEntries([...seen].sort(([a], [b]) => Number(a) - Number(b)).map(([port, modes]) => [port, words(modes)]));
}
