import type { ConfigObject } from "../../envoy/types.ts";
import { notInHost } from "../failure.ts";
import type { SeededRandom } from "../random.ts";
import type { HeaderMap } from "../stream/header-map.ts";

/** What a route does with a request. */
export interface Route {
  name: string;
  metadata: Metadata;
  matches(headers: HeaderMap): boolean;
  action:
    | {
        kind: "cluster";
        pick(headers: HeaderMap, random: SeededRandom): string;
        timeoutMs: number;
        prefixRewrite: string | undefined;
        requestHeaders: readonly AddedHeader[];
        responseHeaders: readonly AddedHeader[];
        prefix: string;
      }
    | { kind: "direct"; status: number; body: string }
    | { kind: "redirect"; status: number; location(headers: HeaderMap): string };
}

/** A header that a route adds. */
export interface AddedHeader {
  name: string;
  value: string;
  overwrite: boolean;
}

export type Metadata = Record<string, Record<string, unknown>>;

export interface VirtualHost {
  name: string;
  metadata: Metadata;
}

/** Envoy's default for a route (route.v3.RouteAction.timeout). */
const ROUTE_TIMEOUT_MS = 15_000;

/** Routes in order; the first that matches is taken. */
export class RouteTable {
  readonly virtualHost: VirtualHost;
  private readonly routes: readonly Route[];

  /** @param routes Envoy route objects, as in `openEnvoy` */
  constructor(routes: readonly ConfigObject[], virtualHost: VirtualHost) {
    this.virtualHost = virtualHost;
    this.routes = routes.map(readRoute);
  }

  find(headers: HeaderMap): Route | undefined {
    // Without a path only a connect matcher could match, and without a scheme Envoy finds nothing either.
    if (!headers.has(":path") || !headers.has("x-forwarded-proto")) return undefined;
    for (const route of this.routes) if (route.matches(headers)) return route;
    return undefined;
  }
}

function readRoute(config: ConfigObject): Route {
  known(
    config,
    ["name", "match", "route", "direct_response", "redirect", "metadata", "request_headers_to_add", "response_headers_to_add"],
    "a route",
  );
  const match = object(config["match"], "match");
  const name = typeof config["name"] === "string" ? config["name"] : "";
  const metadata = (object(config["metadata"] ?? {}, "metadata")["filter_metadata"] ?? {}) as Metadata;
  return { name, metadata, matches: readMatch(match), action: readAction(config, match) };
}

function readMatch(match: ConfigObject): (headers: HeaderMap) => boolean {
  known(match, ["prefix", "path", "safe_regex", "headers", "query_parameters"].slice(0, 4), "match");
  const { prefix, path } = match;
  const regex =
    match["safe_regex"] === undefined ? undefined : new RegExp(`^(?:${String(object(match["safe_regex"], "safe_regex")["regex"])})$`);
  const conditions = (Array.isArray(match["headers"]) ? match["headers"] : []).map((one) => readHeaderMatch(object(one, "match.headers")));
  return (headers) => {
    const whole = (headers.get(":path") ?? "").replace(/#.*$/, "");
    const bare = whole.replace(/\?.*$/s, "");
    if (typeof prefix === "string" && !whole.startsWith(prefix)) return false;
    if (typeof path === "string" && bare !== path) return false;
    if (regex && !regex.test(bare)) return false;
    return conditions.every((condition) => condition(headers));
  };
}

function readHeaderMatch(match: ConfigObject): (headers: HeaderMap) => boolean {
  known(match, ["name", "string_match", "exact_match", "prefix_match", "suffix_match", "present_match", "invert_match"], "match.headers");
  const name = String(match["name"]);
  const text = match["string_match"] === undefined ? {} : object(match["string_match"], "string_match");
  known(text, ["exact", "prefix", "suffix", "contains", "safe_regex"], "string_match");
  const exact = text["exact"] ?? match["exact_match"];
  const prefix = text["prefix"] ?? match["prefix_match"];
  const suffix = text["suffix"] ?? match["suffix_match"];
  const contains = text["contains"];
  const regex =
    text["safe_regex"] === undefined ? undefined : new RegExp(`^(?:${String(object(text["safe_regex"], "safe_regex")["regex"])})$`);
  const invert = match["invert_match"] === true;
  const present = match["present_match"];
  return (headers) => {
    // Envoy joins repeated headers for its matchers.
    const value = headers.joined(name);
    if (present !== undefined) return (value !== undefined) === ((present === true) !== invert);
    if (value === undefined) return false;
    const holds =
      (typeof exact !== "string" || value === exact) &&
      (typeof prefix !== "string" || value.startsWith(prefix)) &&
      (typeof suffix !== "string" || value.endsWith(suffix)) &&
      (typeof contains !== "string" || value.includes(contains)) &&
      (regex === undefined || regex.test(value));
    return holds !== invert;
  };
}

function readAction(config: ConfigObject, match: ConfigObject): Route["action"] {
  if (config["direct_response"] !== undefined) {
    const direct = object(config["direct_response"], "direct_response");
    const body = object(direct["body"] ?? {}, "direct_response.body");
    return { kind: "direct", status: Number(direct["status"]), body: String(body["inline_string"] ?? "") };
  }
  if (config["redirect"] !== undefined) {
    const redirect = object(config["redirect"], "redirect");
    known(redirect, ["path_redirect", "host_redirect", "https_redirect", "response_code"], "redirect");
    const codes: Record<string, number> = {
      MOVED_PERMANENTLY: 301,
      FOUND: 302,
      SEE_OTHER: 303,
      TEMPORARY_REDIRECT: 307,
      PERMANENT_REDIRECT: 308,
    };
    const status = codes[String(redirect["response_code"] ?? "MOVED_PERMANENTLY")] ?? 301;
    const location = (headers: HeaderMap) =>
      `${redirect["https_redirect"] ? "https" : "http"}://${redirect["host_redirect"] ?? headers.get(":authority")}${redirect["path_redirect"] ?? headers.get(":path")}`;
    return { kind: "redirect", status, location };
  }
  const action = object(config["route"], "route");
  known(action, ["cluster", "cluster_header", "weighted_clusters", "timeout", "prefix_rewrite"], "route");
  const timeoutMs = action["timeout"] === undefined ? ROUTE_TIMEOUT_MS : Number(String(action["timeout"]).replace(/s$/, "")) * 1000;
  const rewrite = typeof action["prefix_rewrite"] === "string" ? action["prefix_rewrite"] : undefined;
  return {
    kind: "cluster",
    pick: readCluster(action),
    timeoutMs,
    prefixRewrite: rewrite,
    requestHeaders: addedHeaders(config["request_headers_to_add"]),
    responseHeaders: addedHeaders(config["response_headers_to_add"]),
    prefix: String(match["prefix"] ?? match["path"] ?? ""),
  };
}

function readCluster(action: ConfigObject): (headers: HeaderMap, random: SeededRandom) => string {
  if (typeof action["cluster"] === "string") {
    const name = action["cluster"];
    return () => name;
  }
  if (typeof action["cluster_header"] === "string") {
    const header = action["cluster_header"];
    return (headers) => headers.get(header) ?? "";
  }
  const weighted = object(action["weighted_clusters"], "weighted_clusters");
  known(weighted, ["clusters", "header_name"], "weighted_clusters");
  const clusters = (weighted["clusters"] as ConfigObject[]).map((one) => ({
    name: String(one["name"]),
    weight: Number(one["weight"] ?? 0),
  }));
  const total = clusters.reduce((sum, { weight }) => sum + weight, 0);
  const header = weighted["header_name"];
  return (headers, random) => {
    // The value modulo the total weight, if the header comes once and is a whole number below 2^64 (envoy-1.40-verified, 15).
    const value = typeof header === "string" ? (headers.joined(header) ?? "").trim() : "";
    const chosen = /^\d{1,20}$/.test(value) && BigInt(value) < 1n << 64n ? Number(BigInt(value) % BigInt(total)) : random.next() % total;
    let sum = 0;
    for (const { name, weight } of clusters) {
      sum += weight;
      if (chosen < sum) return name;
    }
    return "";
  };
}

function addedHeaders(list: unknown): AddedHeader[] {
  return (Array.isArray(list) ? list : []).map((one) => {
    const entry = object(one, "headers_to_add");
    const header = object(entry["header"], "headers_to_add.header");
    const value = String(header["value"] ?? "");
    if (value.includes("%")) throw notInHost(`headers_to_add: the in-process host has no command operators (${value})`);
    return { name: String(header["key"]), value, overwrite: String(entry["append_action"] ?? "").startsWith("OVERWRITE") };
  });
}

/** A field that the host would ignore would make a test pass that fails on Envoy. */
export function known(config: ConfigObject, fields: readonly string[], where: string): void {
  const unknown = Object.keys(config).find((field) => !fields.includes(field));
  if (unknown !== undefined) throw notInHost(`${where}: the in-process host does not know ${unknown}; it knows ${fields.join(", ")}`);
}

function object(value: unknown, where: string): ConfigObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as ConfigObject;
  throw notInHost(`${where}: an object was expected, got ${JSON.stringify(value)}`);
}
