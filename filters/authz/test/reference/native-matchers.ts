// Envoy's RBAC matchers, in the form that istiod gives them. Nothing here is shared with the evaluator: two readers err differently.
import type { ConfigObject } from "../../../../harness/index.ts";

const URI_TEMPLATE = "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig";
const JWT = "envoy.filters.http.jwt_authn";

/** RE2's metacharacters, escaped as Go's QuoteMeta does. */
export function quoteMeta(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");
}

export function regexMatcher(regex: string): ConfigObject {
  return { safe_regex: { regex } };
}

/** Envoy refuses an empty prefix and an empty suffix: `*` alone never becomes one. */
export function stringMatcher(value: string): ConfigObject {
  if (value === "*") return regexMatcher(".+");
  if (value[0] === "*") return { suffix: value.slice(1) };
  if (value.at(-1) === "*") return { prefix: value.slice(0, value.length - 1) };
  return { exact: value };
}

export function headerMatcher(name: string, value: string, ignoreCase = false): ConfigObject {
  if (value === "*") return { header: { name, present_match: true } };
  return { header: { name, string_match: { ...stringMatcher(value), ...(ignoreCase ? { ignore_case: true } : {}) } } };
}

export function pathMatcher(value: string): ConfigObject {
  if (!/\{\*\*?\}/.test(value)) return { url_path: { path: stringMatcher(value) } };
  const template = value.replace(/\{(\*\*?)\}/g, "$1");
  return { uri_template: { name: "uri-template", typed_config: { "@type": URI_TEMPLATE, path_template: template } } };
}

export function cidrRange(block: string): ConfigObject {
  const slash = block.indexOf("/");
  if (slash === -1) return { address_prefix: block, prefix_len: block.includes(":") ? 128 : 32 };
  return { address_prefix: block.slice(0, slash), prefix_len: Number(block.slice(slash + 1)) };
}

export function authenticated(principalName: ConfigObject): ConfigObject {
  return { authenticated: { principal_name: principalName } };
}

export function principalMatcher(value: string): ConfigObject {
  if (value === "*") return authenticated(regexMatcher(".+"));
  if (value[0] === "*") return authenticated(regexMatcher(`spiffe://.*${quoteMeta(value.slice(1))}`));
  return authenticated(stringMatcher(`spiffe://${value}`));
}

export function namespaceMatcher(value: string): ConfigObject {
  return authenticated(regexMatcher(`.*/ns/${quoteMeta(value).replaceAll("\\*", ".*")}/.*`));
}

export function serviceAccountMatcher(value: string, policyNamespace: string): ConfigObject {
  const [namespace = "", name = ""] = value.includes("/") ? value.split("/") : [policyNamespace, value];
  return authenticated(regexMatcher(`spiffe://.+/ns/${quoteMeta(namespace)}/(.+/|)sa/${quoteMeta(name)}(/.+)?`));
}

export function trustDomainMatcher(value: string): ConfigObject {
  if (value === "*") return authenticated({ prefix: "spiffe://" });
  if (!value.includes("*")) return authenticated({ prefix: `spiffe://${value}/` });
  return authenticated(regexMatcher(`spiffe://${quoteMeta(value).replaceAll("\\*", "[^/]*")}/.*`));
}

function metadata(filter: string, path: string[], value: ConfigObject): ConfigObject {
  return { metadata: { filter, path: path.map((key) => ({ key })), value } };
}

function anyOf(matchers: ConfigObject[]): ConfigObject {
  const [first] = matchers;
  return first !== undefined && matchers.length === 1 ? first : { or_match: { value_matchers: matchers } };
}

/** A claim that is one of these, or a list with one of these. */
export function claimMatcher(claims: string[], values: readonly string[]): ConfigObject {
  const value = anyOf(values.map((one) => ({ string_match: stringMatcher(one) })));
  return metadata(JWT, ["payload", ...claims], { or_match: { value_matchers: [{ list_match: { one_of: value } }, value] } });
}

/** Dynamic metadata that is one of these; `[v]` is a list with v. */
export function filterMetadataMatcher(filter: string, name: string, values: readonly string[]): ConfigObject {
  const matchers = values.map((value) => {
    const listed = /^\[.*\]$/s.test(value);
    const matcher = { string_match: stringMatcher(listed ? value.replace(/^[[\]]*/, "").replace(/[[\]]*$/, "") : value) };
    return listed ? { list_match: { one_of: matcher } } : matcher;
  });
  return metadata(filter, [name], anyOf(matchers));
}

/** Issuer and subject. The order of the cases is Istio's, and decides what several stars mean. */
export function requestPrincipalMatcher(value: string): ConfigObject {
  const at = value.lastIndexOf("/");
  const any = regexMatcher(".+");
  const both = (iss: ConfigObject, sub: ConfigObject): ConfigObject => ({
    and_ids: {
      ids: [metadata(JWT, ["payload", "iss"], { string_match: iss }), metadata(JWT, ["payload", "sub"], { string_match: sub })],
    },
  });
  if (value === "*") return both(any, any);
  const iss = at === -1 ? value : value.slice(0, at);
  const sub = at === -1 ? "" : value.slice(at + 1);
  if (value[0] === "*" && at === -1) return both(any, { suffix: value.slice(1) });
  if (value[0] === "*") return both(iss === "*" ? any : { suffix: iss.slice(1) }, { exact: sub });
  if (value.at(-1) === "*" && at === -1) return both({ prefix: value.slice(0, -1) }, any);
  if (value.at(-1) === "*") return both({ exact: iss }, sub === "*" ? any : { prefix: sub.slice(0, -1) });
  return both({ exact: iss }, { exact: sub });
}
