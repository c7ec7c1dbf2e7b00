// What requests are made of: few words, so that requests and policies meet often.
import { type Random, pick } from "../../../../test/support/seeded.ts";
import type { Json, JsonObject, RequestFacts } from "./types.ts";

export function chance(random: Random, probability: number): boolean {
  return random() < probability;
}

export const trustDomains = ["cluster.local", "mesh.east", "old.td", "oldxtd"] as const;
export const metadataNames = { "envoy.filters.http.shop": ["tier", "tags"], "envoy.filters.lab": ["run"] } as const;
export const headerNames = ["x-user", "x-role", "x-team"] as const;
/** Addresses on loopback that a client of a real Envoy can come from. */
export const loopbackPeers = ["127.0.0.1", "127.0.0.2", "127.0.0.77", "127.3.0.1"] as const;

export const vocabulary = {
  method: ["GET", "POST", "PUT", "DELETE", "OPTIONS"],
  path: [
    ...[
      "/",
      "/api",
      "/api/",
      "/api/v1/users",
      "/api/v1/users/7",
      "/api/v1/users/7/",
      "/api/v1/users/7.txt",
      "/API/v1/users",
      "/api//users",
    ],
    ...["/static/app.js", "/static/app.js?v=1", "/api?next=/admin", "/admin", "/admin?", "/a=b/c;d=e", "/star*/end", "/*", "/[x]/end"],
    ...["/caf%C3%A9/end", "/x/y/z/end", "//end", "/api/v1/users?id={*}", "/api/{*}"],
  ],
  authority: ["example.com", "Example.COM", "api.example.com", "api.example.com:8080", "shop.internal", "shop.internal:80", "[fd00::5]:80"],
  /** One character per byte: the last is café. */
  header: ["", "ann", "bob", "admin", "Admin", "admin,ops", "ann,admin", "ops", "*", "caf\u00c3\u00a9"],
  spiffeId: [
    ...[
      "spiffe://cluster.local/ns/shop/sa/web",
      "spiffe://cluster.local/ns/shop/sa/web.admin",
      "spiffe://cluster.local/ns/shop/sa/webxadmin",
    ],
    ...["spiffe://cluster.local/ns/ops/sa/web", "spiffe://mesh.east/ns/shop/sa/web", "spiffe://mesh.east/ns/shop.eu/sa/web"],
    ...[
      "spiffe://mesh.east/ns/shopxeu/sa/job",
      "spiffe://old.td/ns/shop/sa/web",
      "spiffe://oldxtd/ns/shop/sa/web",
      "spiffe://old.td/ns/ops/sa/job",
    ],
    ...["spiffe://mesh.east/region/eu/ns/shop/pod/p1/sa/web/rev/7", "spiffe://old.td/workload"],
  ],
  sni: ["shop.internal", "api.example.com", "ap.example.com", "outbound_.80_._.web.shop"],
  directPeer: [...loopbackPeers, "10.1.2.3", "10.9.2.3", "fd00::7"],
  client: ["203.0.113.7", "203.0.113.9", "198.51.100.9", "10.1.2.3", "2001:db8::7", "2001:db8:0:1::9", "::ffff:203.0.113.7"],
  destinationIp: ["10.0.0.5", "10.0.1.5", "192.168.7.7", "fd00::5"],
  port: [80, 443, 8080, 9090],
  issuer: ["https://issuer.example", "https://issuer.example/realms/shop", "testing@secure.istio.io", ""],
  subject: ["ann", "bob", "", "svc/ann", "*", "zo\u00eb"],
  audience: ["shop", "shop-admin", "https://api.example.com", "ops"],
  claim: ["admin", "ops", "reader", "read write", "two\nlines", "*", "[admin]", "zo\u00eb"],
  metadata: ["gold", "silver", "gold-plus", "canary", "[gold]"],
} as const;

/** A request. @param directPeers who opens connections. */
export function randomFacts(random: Random, directPeers: readonly string[]): RequestFacts {
  const maybe = <T>(probability: number, value: () => T): T | undefined => (chance(random, probability) ? value() : undefined);
  const spiffeId = maybe(0.8, () => pick(random, vocabulary.spiffeId));
  const sni = maybe(0.7, () => pick(random, vocabulary.sni));
  const payload = maybe(0.75, () => randomPayload(random));
  const metadata = maybe(0.7, () => randomMetadata(random));
  return {
    method: pick(random, vocabulary.method),
    path: pick(random, vocabulary.path),
    authority: pick(random, vocabulary.authority),
    headers: headerNames.flatMap((name) => randomHeader(random, name)),
    directPeer: pick(random, directPeers),
    client: pick(random, vocabulary.client),
    destination: { ip: pick(random, vocabulary.destinationIp), port: pick(random, vocabulary.port) },
    ...(spiffeId === undefined ? {} : { spiffeId }),
    ...(sni === undefined ? {} : { sni }),
    ...(payload === undefined ? {} : { payload }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

function randomHeader(random: Random, name: string): [string, string][] {
  const times = pick(random, [0, 1, 1, 1, 1, 1, 2, 3]);
  return Array.from({ length: times }, (): [string, string] => [name, pick(random, vocabulary.header)]);
}

/** Its registered claims have the types that a JWT's must have: Envoy refuses the others. */
function randomPayload(random: Random): JsonObject {
  const claims: JsonObject = {};
  const add = (name: string, probability: number, value: () => Json) => {
    if (chance(random, probability)) claims[name] = value();
  };
  const texts = (list: readonly string[]) => Array.from({ length: Math.floor(random() * 3) + 1 }, () => pick(random, list));
  add("iss", 0.85, () => pick(random, vocabulary.issuer));
  add("sub", 0.85, () => pick(random, vocabulary.subject));
  add("aud", 0.8, () => (chance(random, 0.5) ? pick(random, vocabulary.audience) : texts(vocabulary.audience)));
  add("azp", 0.8, () => pick(random, vocabulary.audience));
  add("role", 0.8, () => randomClaim(random));
  add("a.b", 0.3, () => randomClaim(random));
  add("realm", 0.8, () => ({ roles: randomClaim(random), access: { level: randomClaim(random) } }));
  return claims;
}

function randomClaim(random: Random): Json {
  const text = () => pick(random, vocabulary.claim);
  return pick<() => Json>(random, [text, text, text, () => [text(), text()], () => [text(), 7, { admin: true }], ...rest])();
}

const rest: (() => Json)[] = [() => true, () => 3, () => null, () => [], () => [["admin"]], () => ({ admin: "admin" })];

function randomMetadata(random: Random): Record<string, JsonObject> {
  const text = () => pick(random, vocabulary.metadata);
  const value = () => pick<() => Json>(random, [text, text, text, () => [text(), text()], () => [text()], () => [3, text()], () => 3])();
  const result: Record<string, JsonObject> = {};
  for (const [namespace, names] of Object.entries(metadataNames)) {
    const present = names.filter(() => chance(random, 0.8));
    if (present.length > 0) result[namespace] = Object.fromEntries(present.map((name) => [name, value()]));
  }
  return result;
}
