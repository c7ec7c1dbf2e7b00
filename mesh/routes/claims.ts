import type { ConfigObject } from "../../harness/envoy/types.ts";

const PREFIX = "@request.auth.claims";

/**
 * The claim that a "header" of Istio's means: `@request.auth.claims.group.id` and `@request.auth.claims[group][id]`; undefined for a header.
 * https://istio.io/latest/docs/tasks/security/authentication/jwt-route/
 */
export function claimOf(name: string): string[] | undefined {
  if (!name.toLowerCase().startsWith(PREFIX)) return undefined;
  const rest = name.slice(PREFIX.length);
  if (rest.startsWith(".") && rest.length > 1) return rest.slice(1).split(".");
  if (!/^(\[[^[\]]+\])+$/.test(rest)) return undefined;
  return rest.slice(1, -1).split("][");
}

/** Envoy's MetadataMatcher of what `jwt_authn` left: the claim itself, or one of a list. */
export function claimMatcher(path: readonly string[], text: ConfigObject | undefined, invert: boolean): ConfigObject {
  const keys = ["payload", ...path].map((key) => ({ key }));
  const value = { string_match: text };
  return {
    filter: "envoy.filters.http.jwt_authn",
    path: keys,
    value: { or_match: { value_matchers: [value, { list_match: { one_of: value } }] } },
    ...(invert ? { invert: true } : {}),
  };
}
