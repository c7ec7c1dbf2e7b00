// Every list that a rule can have, and values for it.

import { type Random, pick } from "../../../../test/support/seeded.ts";
import type { Json, Operation, RequestFacts, Rule, Source } from "./types.ts";
import { chance, headerNames, trustDomains, vocabulary } from "./vocabulary.ts";

/** A list of a rule: where it is, and which values it may take. */
export interface Field {
  /** `source.principals`, `operation.notPaths`, `when.source.ip.notValues`: keys in brackets are left out. */
  name: string;
  /** A rule with nothing but this list. */
  rule(values: string[]): Rule;
  /** A value, often near to the request's own. */
  value(random: Random, facts: RequestFacts): string;
  /** Which keys in brackets it asks about, if any. */
  key?: string;
}

type Value = Field["value"];

/** The text itself, parts of it with stars, and words of others. */
function near(
  own: (facts: RequestFacts) => readonly (string | undefined)[],
  others: readonly string[],
  extra: readonly string[] = [],
): Value {
  return (random, facts) => {
    const texts = own(facts).filter((text): text is string => text !== undefined && text !== "");
    const text = texts.length > 0 && chance(random, 0.6) ? pick(random, texts) : pick(random, others);
    if (text === "") return "*";
    const cut = Math.floor(random() * text.length);
    const forms = [text, text, text, `${text.slice(0, cut)}*`, `*${text.slice(cut)}`, `${text}*`, `*${text}`, text.toUpperCase()];
    const rare = [
      "*",
      `*${text.slice(0, cut)}*`,
      `${text.slice(0, cut)}*${text.slice(cut)}`,
      text.replace(".", "x"),
      text.replace("x", "."),
      ...extra,
    ];
    return pick(random, chance(random, 0.7) ? forms : rare);
  };
}

/** As text, since a header's value is bytes. */
const text = (bytes: string) => Buffer.from(bytes, "latin1").toString("utf8");

function texts(value: Json | undefined): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(texts);
}

const blocks = (own: (facts: RequestFacts) => string, others: readonly string[]): Value => {
  return (random, facts) => {
    const address = chance(random, 0.6) ? own(facts) : pick(random, others);
    if (chance(random, 0.4)) return address;
    const longest = address.includes(":") ? 128 : 32;
    return `${address}/${pick(random, [longest, longest - 1, longest - 8, longest / 2, longest / 4, 1, 0])}`;
  };
};

const principals = vocabulary.spiffeId.map((id) => id.slice("spiffe://".length));
const principal: Value = (random, facts) => {
  // Of another trust domain: aliases are about that.
  if (chance(random, 0.4)) {
    const [, ...rest] = (facts.spiffeId?.slice("spiffe://".length) ?? pick(random, principals)).split("/");
    return [pick(random, [...trustDomains, "*", "*td", "*local", "old*", "*.td"]), ...rest].join("/");
  }
  return near(({ spiffeId }) => [spiffeId?.slice("spiffe://".length)], principals, ["*/ns/shop/sa/web", "cluster.local/ns/shop/*"])(
    random,
    facts,
  );
};
const part = (after: string, facts: RequestFacts) => facts.spiffeId?.split(`/${after}/`)[1]?.split("/")[0];
const namespaces = near((facts) => [part("ns", facts)], ["shop", "shop.eu", "ops"], ["sh*p", "*o*", "*sa", "shop*web"]);
const serviceAccounts: Value = (random, facts) => {
  const own = chance(random, 0.6);
  const name = (own ? part("sa", facts) : undefined) ?? pick(random, ["web", "web.admin", "job"]);
  const namespace = (own ? part("ns", facts) : undefined) ?? pick(random, ["shop", "shop.eu", "ops"]);
  const value = pick(random, [name, `${namespace}/${name}`, `${namespace}/${name}`]);
  return chance(random, 0.2) ? value.replace("x", ".") : value;
};
const trustDomain = near(({ spiffeId }) => [spiffeId?.split("/")[2]], trustDomains, ["*.*", "mesh*t", "old*d", "*shop", "mesh*ns"]);
const requestPrincipal: Value = (random, { payload }) => {
  const issuer = chance(random, 0.6) ? String(payload?.["iss"] ?? "") : pick(random, vocabulary.issuer);
  const subject = chance(random, 0.6) ? String(payload?.["sub"] ?? "") : pick(random, vocabulary.subject);
  const stem = issuer.slice(Math.floor(random() * issuer.length));
  const forms = [`${issuer}/${subject}`, `${issuer}/${subject}`, `${issuer}/*`, `*/${subject}`, `*${stem}/${subject}`, `*${subject}`];
  const rare = ["*", "*/*", `${issuer}/${subject.slice(0, 1)}*`, issuer || "*", `${issuer.slice(0, 12)}*`, `*${stem}/*`, "testing*"];
  return pick(random, chance(random, 0.7) ? forms : rare);
};

/** Without the query; a path with braces is none that Istio would take for a pattern. */
const plainPath = (path: string) => (path.includes("{") ? undefined : path.replace(/\?.*/, ""));
const paths = near(
  ({ path }) => [plainPath(path)],
  vocabulary.path.flatMap((path) => plainPath(path) ?? []),
  ["/**", "/api/*/users"],
);
const templates = [
  ...["/{*}", "/{**}", "/api/{*}/users", "/api/{*}/users/{*}", "/api/{**}", "/api/{**}/", "/{**}/end", "/{*}/end", "/{*}/{**}", "/{*}/"],
  ...["/api/v1/users/{*}", "/static/{*}", "/a=b/{*}", "/x/{*}/z/{**}", "/admin/{**}", "/caf%C3%A9/{*}"],
];

type Names<T> = { plain: keyof T & string; not: keyof T & string; value: Value };

const sources: Names<Source>[] = [
  { plain: "principals", not: "notPrincipals", value: principal },
  { plain: "requestPrincipals", not: "notRequestPrincipals", value: requestPrincipal },
  { plain: "namespaces", not: "notNamespaces", value: namespaces },
  { plain: "serviceAccounts", not: "notServiceAccounts", value: serviceAccounts },
  { plain: "ipBlocks", not: "notIpBlocks", value: blocks(({ directPeer }) => directPeer, vocabulary.directPeer) },
  { plain: "remoteIpBlocks", not: "notRemoteIpBlocks", value: blocks(({ client }) => client, vocabulary.client) },
  { plain: "trustDomains", not: "notTrustDomains", value: trustDomain },
];

const operations: Names<Operation>[] = [
  { plain: "hosts", not: "notHosts", value: near(({ authority }) => [authority], vocabulary.authority, ["*.example.com"]) },
  {
    plain: "ports",
    not: "notPorts",
    value: (random, facts) => String(chance(random, 0.5) ? facts.destination.port : pick(random, vocabulary.port)),
  },
  { plain: "methods", not: "notMethods", value: near(({ method }) => [method], vocabulary.method, ["get"]) },
  { plain: "paths", not: "notPaths", value: (random, facts) => (chance(random, 0.35) ? pick(random, templates) : paths(random, facts)) },
];

const headerValues = (name: string) =>
  near(({ headers }) => headers.filter(([given]) => given === name).map(([, value]) => text(value)), vocabulary.header.map(text), [
    "ann,bob",
  ]);
const claimValues = (own: (facts: RequestFacts) => Json | undefined, others: readonly string[] = vocabulary.claim) =>
  near((facts) => texts(own(facts)), others, ["true", "3", "7"]);
const metadataValues = (namespace: string, name: string): Value => {
  const one = near(({ metadata }) => texts(metadata?.[namespace]?.[name]), vocabulary.metadata);
  return (random, facts) => (chance(random, 0.5) ? one(random, facts) : `[${one(random, facts)}]`);
};
const realm = (facts: RequestFacts) => facts.payload?.["realm"] as { roles?: Json; access?: Json } | undefined;

const conditions: { kind?: string; key: string; value: Value }[] = [
  ...headerNames.map((name) => ({ kind: "request.headers", key: `request.headers[${name}]`, value: headerValues(name) })),
  { kind: "request.headers", key: "request.headers[X-User]", value: headerValues("x-user") },
  { key: "source.ip", value: sources[4]?.value ?? principal },
  { key: "source.namespace", value: namespaces },
  { key: "source.serviceAccount", value: serviceAccounts },
  { key: "source.trustDomain", value: trustDomain },
  { key: "source.principal", value: principal },
  { key: "remote.ip", value: sources[5]?.value ?? principal },
  { key: "request.auth.principal", value: requestPrincipal },
  { key: "request.auth.audiences", value: claimValues(({ payload }) => payload?.["aud"], vocabulary.audience) },
  { key: "request.auth.presenter", value: claimValues(({ payload }) => payload?.["azp"], vocabulary.audience) },
  ...[
    { key: "request.auth.claims[role]", value: claimValues(({ payload }) => payload?.["role"]) },
    { key: "request.auth.claims[a.b]", value: claimValues(({ payload }) => payload?.["a.b"]) },
    { key: "request.auth.claims[realm][roles]", value: claimValues((facts) => realm(facts)?.roles) },
    { key: "request.auth.claims[realm][access][level]", value: claimValues((facts) => realm(facts)?.access) },
    { key: "request.auth.claims[realm]", value: claimValues((facts) => realm(facts)?.roles) },
  ].map((condition) => ({ kind: "request.auth.claims", ...condition })),
  { key: "destination.ip", value: blocks(({ destination }) => destination.ip, vocabulary.destinationIp) },
  { key: "destination.port", value: operations[1]?.value ?? principal },
  { key: "connection.sni", value: near(({ sni }) => [sni], vocabulary.sni, ["outbound_.80_*"]) },
  ...[
    { key: "experimental.envoy.filters.http.shop[tier]", value: metadataValues("envoy.filters.http.shop", "tier") },
    { key: "experimental.envoy.filters.http.shop[tags]", value: metadataValues("envoy.filters.http.shop", "tags") },
    { key: "experimental.envoy.filters.lab[run]", value: metadataValues("envoy.filters.lab", "run") },
  ].map((condition) => ({ kind: "experimental.envoy.filters", ...condition })),
];

export const sourceFields: Field[] = sources.flatMap(({ plain, not, value }) =>
  [plain, not].map((list) => ({ name: `source.${list}`, value, rule: (values) => ({ from: [{ source: { [list]: values } }] }) })),
);

export const operationFields: Field[] = operations.flatMap(({ plain, not, value }) =>
  [plain, not].map((list) => ({ name: `operation.${list}`, value, rule: (values) => ({ to: [{ operation: { [list]: values } }] }) })),
);

export const conditionFields: Field[] = conditions.flatMap(({ kind, key, value }) =>
  ["values", "notValues"].map((list) => ({
    name: `when.${kind ?? key}.${list}`,
    key,
    value,
    rule: (values) => ({ when: [{ key, [list]: values }] }),
  })),
);

/** The names of all lists, each once. */
export const fieldNames: string[] = [...new Set([...sourceFields, ...operationFields, ...conditionFields].map(({ name }) => name))];
