import type { ConfigObject } from "../../harness/envoy/types.ts";
import { compare } from "../resources/resource.ts";
import type { HttpMatch, StringMatch } from "../resources/types/index.ts";
import { claimMatcher, claimOf } from "./claims.ts";

/** Envoy's `RouteMatch` of Istio's HTTPMatchRequest; nothing matches every path. @param segments Prefixes end where a segment does */
export function routeMatch(match: HttpMatch | undefined, segments: boolean): ConfigObject {
  if (match === undefined) return { prefix: "/" };
  const headers: ConfigObject[] = [];
  const claims: ConfigObject[] = [];
  for (const [name, text] of Object.entries(match.headers ?? {})) {
    const path = claimOf(name);
    if (path) claims.push(claimMatcher(path, stringMatcher(text), false));
    else headers.push(header(name, text));
  }
  for (const [name, text] of Object.entries(match.withoutHeaders ?? {})) {
    const path = claimOf(name);
    if (path) claims.push(claimMatcher(path, stringMatcher(text), true));
    // An absent header has no value that could be the wrong one; of presence, Envoy refuses the two together.
    else headers.push({ ...header(name, text), invert_match: true, ...(isPresence(text) ? {} : { treat_missing_header_as_empty: true }) });
  }
  headers.sort((a, b) => compare(String(a["name"]), String(b["name"])));
  for (const [name, text] of [
    [":method", match.method],
    [":authority", match.authority],
    [":scheme", match.scheme],
  ] as const) {
    if (text !== undefined) headers.push(header(name, text));
  }
  const query = Object.entries(match.queryParams ?? {}).sort(([a], [b]) => compare(a, b));
  return {
    ...path(match.uri, segments),
    case_sensitive: !match.ignoreUriCase,
    ...(headers.length > 0 ? { headers } : {}),
    ...(query.length > 0 ? { query_parameters: query.map(([name, text]) => header(name, text)) } : {}),
    ...(claims.length > 0 ? { dynamic_metadata: claims } : {}),
  };
}

function path(uri: StringMatch | undefined, segments: boolean): ConfigObject {
  if (uri !== undefined && "exact" in uri) return { path: uri.exact };
  if (uri !== undefined && "prefix" in uri) {
    return segments && uri.prefix !== "/" ? { path_separated_prefix: uri.prefix.replace(/\/$/, "") } : { prefix: uri.prefix };
  }
  if (uri !== undefined && "regex" in uri) return { safe_regex: { regex: uri.regex } };
  return { prefix: "/" };
}

/** A header or a query parameter: both have the same two forms. */
function header(name: string, text: StringMatch): ConfigObject {
  return isPresence(text) ? { name, present_match: true } : { name, string_match: stringMatcher(text) };
}

/** `{}`, and the regex `*`, which is none: Istio takes both for "is there". */
function isPresence(text: StringMatch | null): boolean {
  return text === null || Object.keys(text).length === 0 || ("regex" in text && text.regex === "*");
}

/** Envoy's StringMatcher. An empty prefix is one that everything has, which Envoy writes as a regex. */
export function stringMatcher(text: StringMatch): ConfigObject | undefined {
  if ("exact" in text) return { exact: text.exact };
  if ("prefix" in text) return { prefix: text.prefix };
  if ("regex" in text) return { safe_regex: { regex: text.regex } };
  return undefined;
}

/** A route that nothing behind it can follow. */
export function isCatchAll({ match }: ConfigObject): boolean {
  const { prefix, path_separated_prefix, safe_regex, headers, query_parameters, dynamic_metadata } = match as ConfigObject;
  const everywhere = prefix === "/" || path_separated_prefix === "/" || (safe_regex as ConfigObject | undefined)?.["regex"] === ".*";
  return everywhere && headers === undefined && query_parameters === undefined && dynamic_metadata === undefined;
}
