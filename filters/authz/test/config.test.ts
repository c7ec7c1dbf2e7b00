// The schema and the module must judge every configuration alike, but for the few rules that a schema cannot say.
import { Ajv } from "ajv";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Verdict, openBareHost } from "../../../test/support/bare-host.ts";
import type { Json, Material } from "../../../test/support/mutations.ts";
import { type Judgement, acceptAll, judgeMutations } from "../../../test/support/parity.ts";
import { schemaFile } from "../../configs.ts";
import { type AuthzConfig, authzConfig } from "../config.ts";
import { authzModule } from "./support.ts";

let configure: (config: string) => Verdict;
const bySchema = new Ajv({ allErrors: false, strict: false }).compile(JSON.parse(schemaFile("authz")));

beforeAll(async () => {
  configure = openBareHost(await authzModule()).configure;
}, 120_000);

function judge(candidate: Json): Judgement {
  const verdict = configure(JSON.stringify(candidate));
  return { zod: authzConfig.safeParse(candidate).success, schema: bySchema(candidate), module: verdict.accepted, logs: verdict.logs };
}

// Valid configurations.

const some = (...texts: string[]) => fc.uniqueArray(fc.constantFrom(...texts), { minLength: 1, maxLength: 3 });
const any = fc.array(fc.string({ minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 2 });
const networks = some("10.0.0.0/8", "10.1.2.3", "192.168.7.9/16", "2001:db8::/32", "::1", "::/0");
const ports = some("0", "80", "0443", "65535");
const accounts = some("web", "other/cert-manager.io", "a/b");
const identities = {
  principals: some("*", "cluster.local/ns/default/sa/web", "*/sa/web", "td*", "old/ns/a/sa/b"),
  notPrincipals: any,
  namespaces: some("default", "prod-*", "*"),
  notNamespaces: any,
};
const others = {
  requestPrincipals: some("*", "https://issuer.example/*", "*/admin", "https://issuer.example/ann"),
  notRequestPrincipals: any,
  trustDomains: some("*", "cluster.local", "*.example.com"),
  notTrustDomains: some("old", "a*b"),
  ipBlocks: networks,
  notIpBlocks: networks,
  remoteIpBlocks: networks,
  notRemoteIpBlocks: networks,
};
/** A record with at least one key. */
function partial<T extends object>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }) {
  return fc.record(shape, { requiredKeys: [] }).filter((given) => Object.keys(given).length > 0);
}
const source = fc.oneof(
  partial({ ...identities, ...others }) as fc.Arbitrary<object>,
  partial({ serviceAccounts: accounts, notServiceAccounts: accounts, ...others }),
);
const operation = partial({
  hosts: some("example.com", "*.Example.com", "*"),
  notHosts: any,
  ports,
  notPorts: ports,
  methods: some("GET", "P*", "*"),
  notMethods: any,
  paths: some("/", "/api/*", "*/end", "/users/{*}", "/a/{**}", "/a/{*}/b/{**}/c", "/a/{*}/", "/{a}", "/a*b"),
  notPaths: some("/admin", "/{**}"),
});
const lists = <V extends fc.Arbitrary<string[]>>(values: V) => partial({ values, notValues: values });
const condition = fc
  .oneof(
    fc.tuple(fc.constantFrom("source.ip", "remote.ip", "destination.ip"), lists(networks)),
    fc.tuple(fc.constant("destination.port"), lists(ports)),
    fc.tuple(fc.constant("source.serviceAccount"), lists(accounts)),
    fc.tuple(fc.constant("source.trustDomain"), lists(some("old", "*"))),
    fc.tuple(
      fc.constantFrom(
        ...["source.namespace", "source.principal", "request.auth.principal", "request.auth.audiences", "request.auth.presenter"],
        ...["connection.sni", "request.headers[X-Role]", "request.headers[:authority]", "request.auth.claims[groups]"],
        ...["request.auth.claims[a.b][c]", "experimental.envoy.filters.network.mysql_proxy[db.table]", "experimental.envoy.filters.a[[b]"],
      ),
      lists(any),
    ),
  )
  .map(([key, given]) => ({ key, ...given }));
const rule = fc.record(
  {
    from: fc.array(fc.record({ source }), { minLength: 1, maxLength: 2 }),
    to: fc.array(fc.record({ operation }), { minLength: 1, maxLength: 2 }),
    when: fc.array(condition, { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const policy = fc.record(
  {
    apiVersion: fc.constantFrom("security.istio.io/v1", "security.istio.io/v1beta1"),
    kind: fc.constant("AuthorizationPolicy"),
    metadata: fc.record(
      {
        name: fc.constantFrom("a", "allow-web.v2", "X_1"),
        namespace: fc.constantFrom("default", "prod"),
        annotations: fc.dictionary(fc.constantFrom("istio.io/dry-run", "note"), fc.constantFrom("true", "f", "0"), { maxKeys: 2 }),
        labels: fc.constantFrom({}, { app: "a" }),
        generation: fc.nat(),
      },
      { requiredKeys: ["name", "namespace"] },
    ),
    spec: fc.record({ action: fc.constantFrom("ALLOW", "DENY", "AUDIT"), rules: fc.array(rule, { maxLength: 2 }) }, { requiredKeys: [] }),
    status: fc.constantFrom({}, { conditions: [] }),
  },
  { requiredKeys: ["metadata"] },
);
const config = fc.record(
  {
    policies: fc.array(policy, { minLength: 1, maxLength: 2 }),
    trustDomain: fc.constantFrom("cluster.local", "td1"),
    trustDomainAliases: fc.array(fc.constantFrom("old", "td2"), { maxLength: 2 }),
    defaultAction: fc.constantFrom("allow", "deny"),
    mode: fc.constantFrom("enforce", "shadow", "off"),
    matching: fc.constantFrom("istio", "strict"),
    refusal: fc.record(
      {
        status: fc.constantFrom(300, 302, 303, 305, 401, 599),
        body: fc.string({ maxLength: 5 }),
        contentType: fc.constantFrom("text/html", "application/json"),
        headers: fc.dictionary(fc.constantFrom("location", "WWW-Authenticate"), fc.constantFrom("", "/login"), { maxKeys: 2 }),
        grpcStatus: fc.constantFrom("PERMISSION_DENIED", "UNAUTHENTICATED", "NOT_FOUND", "UNAVAILABLE"),
      },
      { requiredKeys: [] },
    ),
    reasonHeader: fc.constantFrom("x-authz-reason", "X-Why"),
  },
  { requiredKeys: ["policies"] },
) as unknown as fc.Arbitrary<Json>;

const junk: Json[] = [
  ...([
    null,
    true,
    0,
    80,
    1.5,
    "",
    "nonsense",
    "a/b",
    "a b",
    "*",
    "a\u0000b",
    "\u{1f40c}",
    [],
    [1],
    [""],
    ["*"],
    ["a"],
    [null],
    {},
  ] as Json[]),
  ...([
    "CUSTOM",
    "allow",
    "ALLOW",
    "/{*}x",
    "/a{*}",
    "{*}",
    "/{*}/{**}/{*}",
    "//{*}",
    "/{**}/",
    "/a*/{*}",
    "/{*}/\u00e4",
    "65536",
    "-1",
  ] as Json[]),
  ...([
    "080",
    "0".repeat(25),
    "10.0.0.0/33",
    "10.0.0.1/8",
    "1.2.3",
    "::ffff:1.2.3.4",
    "::/129",
    "a/b/c",
    "/a",
    "a/",
    "*/a",
    "te",
    "x-a",
  ] as Json[]),
  ...([
    "spiffe://td/ns/a/sa/b",
    "/a//b",
    "/a/../b",
    "/a;b",
    "/a?b",
    "/a\\b",
    "request.headers[:PATH]",
    "request.headers[:path]",
    "constructor",
    "request.headers[]",
    "request.headers[a b]",
    "request.headers[x",
    "request.auth.claims",
    "request.auth.claims[a][]",
  ] as Json[]),
  ...([
    "request.auth.claims[a]]",
    "experimental.envoy.filters.[a]",
    "experimental.envoy.filters.a[]",
    "source.ip",
    "source.labels",
  ] as Json[]),
  ...([
    { values: [] },
    { source: {} },
    [{ source: {} }],
    [{ operation: { paths: ["/a"] } }],
    [{ key: "source.ip", values: ["::1"] }],
  ] as Json[]),
  ...([304, 299, 600, 200, ["/a", "/a"], { name: "a" }, { name: "" }, { name: "a b" }, { "istio.io/dry-run": "yes" }] as Json[]),
];
const material: Material = {
  keys: ["selector", "targetRefs", "provider", "principals", "serviceAccounts", "notValues", "values", "paths", "namespace", "surplus"],
  values: junk,
  numbers: junk,
  junk,
};

/** What a schema cannot say, by the module's words: there the schema may take what the module refuses. An example of each. */
const beyondSchema: [rule: string, example: Json][] = [
  ["must not stand beside serviceAccounts", ruled({ from: [{ source: { serviceAccounts: ["a/b"], principals: ["c"] } }] })],
  ["needs a namespace: NAMESPACE/ACCOUNT, or metadata.namespace", ruled({ from: [{ source: { serviceAccounts: ["b"] } }] })],
  ["must have nothing but text behind {**}", ruled(to({ paths: ["/{**}/{*}"] }))],
  ["must have {*} and {**} as whole segments", ruled(to({ paths: ["/a{*}"] }))],
  ["must not have an empty segment in a template", ruled(to({ notPaths: ["//{*}"] }))],
  ["must begin with /", ruled(to({ paths: ["{*}"] }))],
  ["must be a port from 0 to 65535", ruled(to({ ports: ["65536"] }))],
  ['must be a network, as "10.0.0.0/8", or an address', ruled({ from: [{ source: { ipBlocks: ["1.2.3"] } }] })],
  ["must be ACCOUNT or NAMESPACE/ACCOUNT", ruled({ when: [{ key: "source.serviceAccount", values: ["a/b/c"] }] })],
  ["must not hold a *: service accounts are named in full", ruled({ when: [{ key: "source.serviceAccount", values: ["a/*"] }] })],
  ["must be a plain path with matching: strict", { ...(ruled(to({ notPaths: ["/a;b"] })) as object), matching: "strict" }],
  [
    "must not be the whole path with matching: strict",
    { ...(ruled({ when: [{ key: "request.headers[:path]", values: ["/a"] }] }) as object), matching: "strict" },
  ],
  ["must be a trust domain, without a path", ruled({ when: [{ key: "source.trustDomain", values: ["a/b"] }] })],
];

function to(operation: Json): Json {
  return { to: [{ operation }] };
}

function ruled(rule: Json): Json {
  return { policies: [{ metadata: { name: "a" }, spec: { rules: [rule] } }] };
}

test("1,000 valid configurations are accepted by zod, by the schema and by the module", () => {
  const seen = acceptAll(config, judge, 1_000);

  const fields = [
    ...Object.keys({ ...identities, ...others }),
    "serviceAccounts",
    "hosts",
    "notPaths",
    "ports",
    "notPorts",
    "methods",
    "key",
  ];
  for (const field of fields) expect([field, (seen.get(field) ?? 0) > 50]).toEqual([field, true]);
});

test("3,000 configurations with one place changed are judged alike by zod and the module, and the schema refuses none that the module takes", () => {
  const { refused, accepted } = judgeMutations({
    filter: "authz",
    config,
    material,
    judge,
    beyondSchema: beyondSchema.map(([rule]) => rule),
    numRuns: 3_000,
  });

  expect(refused).toBeGreaterThan(800);
  expect(accepted).toBeGreaterThan(200);
});

test.each(beyondSchema)("only the schema takes what %s", (rule, example) => {
  const { zod, schema, module, logs } = judge(example);

  expect({ zod, schema, module }).toEqual({ zod: false, schema: true, module: false });
  expect(logs).toEqual([expect.stringContaining(rule)]);
});

describe("a refusal names the path, the place and the fix", () => {
  test.each<[Json, string]>([
    [{ policies: [{ spec: {} }] }, "policies[0] (line 1, column 14): metadata is missing"],
    [{ policies: [{ metadata: {} }] }, "policies[0].metadata (line 1, column 26): name is missing"],
    [
      { policies: [{ metadata: { name: "a" }, spec: { action: "CUSTOM" } }] },
      "policies[0].spec.action (line 1, column 57): must not be CUSTOM, which is not supported yet",
    ],
    [
      { policies: [{ metadata: { name: "a" }, spec: { selector: {} } }] },
      "policies[0].spec.selector (line 1, column 58): must be left out: all policies in this list apply, so give each workload its own",
    ],
    [
      ruled({ to: [{ operation: { path: ["/a"] } }] }),
      "policies[0].spec.rules[0].to[0].operation.path (line 1, column 78): unknown field; known: hosts, notHosts, ports, notPorts, methods, notMethods, paths, notPaths",
    ],
    [ruled({ from: [] }), "policies[0].spec.rules[0].from (line 1, column 64): must not be empty: leave it out for all"],
    [
      ruled({ when: [{ key: "source.labels[app]", values: ["a"] }] }),
      'policies[0].spec.rules[0].when[0].key (line 1, column 73): is unknown: "source.labels[app]"; there are source.ip, source.namespace, source.serviceAccount, source.trustDomain, source.principal, remote.ip, request.auth.principal, destination.ip, destination.port, connection.sni, request.auth.audiences, request.auth.presenter, request.headers[NAME], request.auth.claims[NAME] and experimental.envoy.filters.NAMESPACE[KEY]',
    ],
    [
      { policies: [{ metadata: { name: "a", annotations: { "istio.io/dry-run": "yes" } } }] },
      'policies[0].metadata.annotations.istio.io/dry-run (line 1, column 73): must be "true" or "false"',
    ],
    [{ refusal: { status: 304 } }, "refusal.status (line 1, column 22): must not be 304, which has no body"],
  ])("%j", (candidate, message) => {
    const { logs, module, zod } = judge(candidate);

    expect({ module, zod }).toEqual({ module: false, zod: false });
    expect(logs.map((line) => line.replace(/^\[authz #\d+\] configuration refused: /, ""))).toEqual([message]);
  });
});

test("a pseudo header's name may be written in any case", () => {
  const named = (key: string) => judge(ruled({ when: [{ key, values: ["a"] }] }));

  expect(named("request.headers[:PATH]")).toEqual({ zod: true, schema: true, module: true, logs: [] });
  expect(named("request.headers[:Method]")).toEqual({ zod: true, schema: true, module: true, logs: [] });
  expect(named("request.headers[:other]")).toMatchObject({ zod: false, schema: false, module: false });
});

test("a key that JavaScript's objects have from birth is unknown, as any other", () => {
  for (const key of ["constructor", "__proto__", "toString"]) {
    expect(judge(ruled({ when: [{ key, values: ["a"] }] }))).toMatchObject({ zod: false, schema: false, module: false });
  }
});

test("the type of a configuration is the schema's", () => {
  const typed: AuthzConfig = {
    policies: [{ metadata: { name: "a" }, spec: { action: "DENY", rules: [{ to: [{ operation: { paths: ["/admin*"] } }] }] } }],
  };

  expect(authzConfig.parse(typed).policies[0]?.spec?.action).toBe("DENY");
  expect(authzConfig.parse({}).defaultAction).toBe("allow");
  expect(judge(typed as Json)).toEqual({ zod: true, schema: true, module: true, logs: [] });
});
