import type {
  CorsPolicy,
  HeaderModifier,
  HeaderOperations,
  Headers,
  HttpRedirect,
  HttpRoute,
  PathModifier,
  RouteFilter,
  StringMatch,
} from "../resources/types/index.ts";
import type { Backends } from "./backends.ts";

/** What a rule's filters make of its route; undefined for one that is not known, which makes the whole of it invalid. */
export function filtered(filters: readonly RouteFilter[] = [], backends: Backends): Partial<HttpRoute> | undefined {
  const route: Partial<HttpRoute> & { mirrors: NonNullable<HttpRoute["mirrors"]> } = { mirrors: [] };
  for (const filter of filters) {
    switch (filter.type) {
      case "RequestHeaderModifier":
      case "ResponseHeaderModifier":
        route.headers = withHeaders(route.headers, filter) ?? {};
        break;
      case "RequestRedirect":
        if (filter.requestRedirect) route.redirect = redirect(filter.requestRedirect);
        break;
      case "RequestMirror":
        if (filter.requestMirror) route.mirrors.push(...mirror(filter.requestMirror, backends));
        break;
      case "URLRewrite":
        Object.assign(route, rewrite(filter.urlRewrite));
        break;
      case "CORS":
        if (filter.cors) route.corsPolicy = cors(filter.cors);
        break;
      default:
        return undefined;
    }
  }
  const { mirrors, ...rest } = route;
  return mirrors.length > 0 ? route : rest;
}

/** Those of a backend: only headers. */
export function headersOf(filters: readonly RouteFilter[] = []): Headers | undefined {
  return filters.reduce<Headers | undefined>(withHeaders, undefined);
}

function withHeaders(before: Headers | undefined, filter: RouteFilter): Headers | undefined {
  if (filter.type === "RequestHeaderModifier" && filter.requestHeaderModifier)
    return { ...before, request: operations(filter.requestHeaderModifier) };
  if (filter.type === "ResponseHeaderModifier" && filter.responseHeaderModifier)
    return { ...before, response: operations(filter.responseHeaderModifier) };
  return before;
}

function operations({ set, add, remove }: HeaderModifier): HeaderOperations {
  return { ...(set ? { set: byName(set) } : {}), ...(add ? { add: byName(add) } : {}), ...(remove ? { remove } : {}) };
}

/** "Subsequent entries with an equivalent header name MUST be ignored." */
function byName(headers: readonly { name: string; value: string }[]): Record<string, string> {
  const found = new Map<string, string>();
  for (const { name, value } of headers) if (!found.has(name.toLowerCase())) found.set(name.toLowerCase(), value);
  return Object.fromEntries(found);
}

function redirect({ scheme, hostname, path, port, statusCode }: NonNullable<RouteFilter["requestRedirect"]>): HttpRedirect {
  // Without a port that of the request is kept, unless the scheme has one of its own.
  const derived = scheme === undefined ? "FROM_REQUEST_PORT" : "FROM_PROTOCOL_DEFAULT";
  const { full, prefix } = modified(path);
  return {
    ...(port === undefined ? { derivePort: derived } : { port }),
    ...(statusCode === undefined ? {} : { redirectCode: statusCode }),
    ...(hostname === undefined ? {} : { authority: hostname }),
    ...(scheme === undefined ? {} : { scheme }),
    ...(full === undefined ? {} : { uri: full }),
    ...(prefix === undefined ? {} : { prefixRewrite: prefix }),
  };
}

/** What a path becomes: the whole of it, or the prefix that was matched. */
function modified(path: PathModifier | undefined): { full: string | undefined; prefix: string | undefined } {
  return {
    full: path?.type === "ReplaceFullPath" ? path.replaceFullPath : undefined,
    prefix: path?.type === "ReplacePrefixMatch" ? path.replacePrefixMatch : undefined,
  };
}

function mirror({ backendRef, percent, fraction }: NonNullable<RouteFilter["requestMirror"]>, backends: Backends) {
  const found = backends.destinationOf(backendRef);
  // As in Istio: what cannot be mirrored to is left out, and the route stays.
  if (found === undefined || found.missing) return [];
  const value = fraction ? (100 * fraction.numerator) / (fraction.denominator ?? 100) : percent;
  return [{ destination: found.destination, ...(value === undefined ? {} : { percentage: { value } }) }];
}

function rewrite({ hostname, path }: NonNullable<RouteFilter["urlRewrite"]> = {}): Pick<HttpRoute, "rewrite"> {
  const { full, prefix } = modified(path);
  const rewritten = {
    // Nothing in its place is the prefix taken away.
    ...(prefix === undefined ? {} : { uri: prefix.replace(/\/$/, "") || "/" }),
    ...(full === undefined ? {} : { uriRegexRewrite: { match: "/.*", rewrite: full } }),
    ...(hostname === undefined ? {} : { authority: hostname }),
  };
  return Object.keys(rewritten).length > 0 ? { rewrite: rewritten } : {};
}

function cors(filter: NonNullable<RouteFilter["cors"]>): CorsPolicy {
  const { allowOrigins = [], allowMethods, allowHeaders, exposeHeaders, allowCredentials, maxAge } = filter;
  return {
    ...(allowOrigins.length > 0 ? { allowOrigins: allowOrigins.filter((origin) => origin !== "").map(originMatch) } : {}),
    ...(allowCredentials ? { allowCredentials } : {}),
    ...(allowMethods ? { allowMethods } : {}),
    ...(allowHeaders ? { allowHeaders } : {}),
    ...(exposeHeaders ? { exposeHeaders } : {}),
    ...(maxAge ? { maxAge: `${maxAge}s` } : {}),
    unmatchedPreflights: "IGNORE",
  };
}

/** RFC 6454: `scheme://host(:port)`. */
const ANY_ORIGIN = "^[a-zA-Z][a-zA-Z0-9+.-]*://[^/\\s?#]+$";

function originMatch(origin: string): StringMatch {
  if (origin === "*") return { regex: ANY_ORIGIN };
  if (!origin.includes("*")) return { exact: origin };
  if (origin.indexOf("*") === origin.length - 1) return { prefix: origin.slice(0, -1) };
  return { regex: `^${origin.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&").replaceAll("\\*", ".*")}$` };
}
