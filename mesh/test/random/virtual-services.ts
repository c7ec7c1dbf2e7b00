import fc from "fast-check";
import {
  type Draft,
  HTTP_PORTS,
  NETWORKING,
  TCP_PORT,
  draft,
  duration,
  exportTo,
  host,
  hostPattern,
  namespace,
  partly,
  subset,
} from "./names.ts";

const path = fc.constantFrom("/", "/a", "/a/b", "/static");
const uri = fc.oneof(
  path.map((exact) => ({ exact })),
  path.map((prefix) => ({ prefix })),
  fc.constantFrom({ regex: ".*" }, { regex: "/v[0-9]+/.*" }),
);
const word = fc.oneof(fc.constantFrom({ exact: "yes" }, { prefix: "y" }, { regex: "y.*" }), fc.constant({} as Record<string, string>));
const headerName = fc.constantFrom("x-test", "end-user", "cookie");
const headers = fc.dictionary(headerName, word, { minKeys: 1, maxKeys: 2, noNullPrototype: true });
const solid = fc.constantFrom({ exact: "GET" }, { prefix: "P" }, { regex: "P.*" });

const match = (gateways: readonly string[]) =>
  partly({
    name: fc.constantFrom("one", "two"),
    uri,
    scheme: fc.constant({ exact: "http" }),
    method: solid,
    authority: fc.constantFrom({ exact: "a" }, { prefix: "api." }),
    headers,
    withoutHeaders: headers,
    queryParams: fc.dictionary(fc.constantFrom("q", "p"), word, { minKeys: 1, maxKeys: 2, noNullPrototype: true }),
    port: fc.constantFrom(...HTTP_PORTS),
    sourceLabels: fc.constantFrom<Record<string, string>>({ app: "a" }, { version: "v2" }),
    sourceNamespace: namespace,
    gateways: fc.subarray([...gateways], { minLength: 1 }),
    ignoreUriCase: fc.boolean(),
    statPrefix: fc.constant("stats"),
  }).map((all) => thinned(all));

/** With fifteen fields that are all there at times, nothing would ever be the same as something else: a third of them is kept. */
function thinned(all: Record<string, unknown>): Record<string, unknown> {
  const names = Object.keys(all);
  const kept = names.filter((_, i) => (i + names.length) % 3 === 0);
  return Object.fromEntries(kept.map((name) => [name, all[name]]));
}

const operations = partly({
  set: fc.constantFrom<Record<string, string>>(
    { "x-set": "1" },
    { "x-a": "1", "x-b": "%REQ(x)%" },
    { host: "set.example.com" },
    { ":authority": "auth.example.com" },
  ),
  add: fc.constant<Record<string, string>>({ "x-add": "1" }),
  remove: fc.constantFrom(["x-gone"], ["x-gone", "x-too"]),
});
const headerOperations = partly({
  request: operations,
  response: partly({ set: fc.constant({ "x-set": "1" }), remove: fc.constant(["server"]) }),
});

const destination = fc.record(
  { host, subset, port: fc.constantFrom(...HTTP_PORTS).map((number) => ({ number })) },
  { requiredKeys: ["host"] },
);
const weighted = fc.oneof(
  { weight: 2, arbitrary: fc.record({ destination, headers: headerOperations }, { requiredKeys: ["destination"] }).map((each) => [each]) },
  {
    weight: 1,
    arbitrary: fc.array(
      fc.record(
        { destination, weight: fc.constantFrom(0, 10, 50, 50, 90), headers: headerOperations },
        { requiredKeys: ["destination", "weight"] },
      ),
      { minLength: 1, maxLength: 3 },
    ),
  },
);

const percentage = fc.constantFrom({ value: 100 }, { value: 12.5 }, { value: 0 }, {});
const fault = partly({
  delay: fc.record({ fixedDelay: duration, percentage }, { requiredKeys: ["fixedDelay"] }),
  abort: fc
    .tuple(fc.constantFrom<object>({ httpStatus: 503 }, { grpcStatus: "UNAVAILABLE" }), partly({ percentage }))
    .map(([what, share]) => ({ ...what, ...share })),
}).map((each) => (Object.keys(each).length > 0 ? each : { abort: { httpStatus: 418 } }));
const retries = partly({
  attempts: fc.constantFrom(0, 1, 5),
  perTryTimeout: duration,
  retryOn: fc.constantFrom("5xx,reset", "503,gateway-error", "connect-failure,retriable-status-codes,409"),
  retryRemoteLocalities: fc.boolean(),
  retryIgnorePreviousHosts: fc.boolean(),
  backoff: duration,
}).map((each) => (each["attempts"] ? each : { attempts: 0 }));
const corsPolicy = partly({
  allowOrigins: fc.constantFrom([{ exact: "https://a.example.com" }], [{ prefix: "https://" }, { regex: ".*" }]),
  allowMethods: fc.constantFrom(["GET"], ["GET", "POST"]),
  allowHeaders: fc.constant(["x-one", "x-two"]),
  exposeHeaders: fc.constant(["x-out"]),
  maxAge: fc.constantFrom("24h", "1m30s"),
  allowCredentials: fc.boolean(),
  unmatchedPreflights: fc.constantFrom("FORWARD", "IGNORE"),
});
const rewrite = fc.constantFrom(
  { uri: "/new" },
  { authority: "new.example.com" },
  { uri: "/new", authority: "new.example.com" },
  { uriRegexRewrite: { match: "^/a/(.*)$", rewrite: "/\\1" } },
);
const mirrors = fc.array(fc.record({ destination, percentage }, { requiredKeys: ["destination"] }), { minLength: 1, maxLength: 2 });

const policies = partly({ timeout: duration, retries, fault, corsPolicy, headers: headerOperations }).map(thinner);
const forwarding = fc
  .tuple(
    weighted,
    policies,
    fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: fc.record({ rewrite }) }),
    fc.oneof(
      { weight: 4, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: fc.record({ mirror: destination, mirrorPercentage: percentage }, { requiredKeys: ["mirror"] }) },
      { weight: 1, arbitrary: fc.record({ mirrors }) },
    ),
  )
  .map(([route, ...more]) => Object.assign({ route }, ...more) as Record<string, unknown>);

function thinner(all: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(all).filter((_, i, list) => (i + list.length) % 2 === 0));
}

const redirect = fc
  .record(
    {
      uri: path,
      authority: fc.constant("to.example.com"),
      scheme: fc.constantFrom("http", "https"),
      redirectCode: fc.constantFrom(301, 302, 303, 307, 308),
      port: fc.constantFrom(80, 443, 8443),
      derivePort: fc.constantFrom("FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT"),
    },
    { requiredKeys: ["uri"] },
  )
  .map(({ port, ...rest }) => (rest.derivePort || port === undefined ? rest : { ...rest, port }));
const directResponse = fc.record(
  { status: fc.constantFrom(200, 404, 503), body: fc.constantFrom({ string: "words" }, { bytes: "d29yZHM=" }) },
  { requiredKeys: ["status"] },
);

const http = (gateways: readonly string[], delegate: fc.Arbitrary<object> | undefined) =>
  fc
    .tuple(
      partly({ name: fc.constantFrom("first", "second") }),
      fc.oneof(
        { weight: 1, arbitrary: fc.constant({}) },
        { weight: 3, arbitrary: fc.record({ match: fc.array(match(gateways), { minLength: 1, maxLength: 2 }) }) },
      ),
      fc.oneof(
        { weight: 7, arbitrary: forwarding },
        { weight: 1, arbitrary: fc.record({ redirect, headers: headerOperations }, { requiredKeys: ["redirect"] }) },
        { weight: 1, arbitrary: fc.record({ directResponse }) },
        ...(delegate ? [{ weight: 1, arbitrary: delegate }] : []),
      ),
    )
    .map((parts) => Object.assign({}, ...parts) as Record<string, unknown>);

const tcp = fc
  .record({
    port: fc.option(fc.constant(TCP_PORT), { nil: undefined }),
    source: fc.constantFrom({}, { sourceLabels: { app: "a" } }, { sourceNamespace: "shop" }),
    route: fc.oneof(
      destination.map((each) => [{ destination: each }]),
      fc.tuple(destination, destination).map(([one, two]) => [
        { destination: one, weight: 30 },
        { destination: two, weight: 70 },
      ]),
    ),
  })
  .map(({ port, source, route }) => {
    const own = { ...(port ? { port } : {}), ...source };
    return Object.keys(own).length === 0 ? { route } : { match: [own], route };
  });

export const GATEWAYS = ["mesh", "default/front", "shop/side"] as const;

/** The webhook: no two of one VirtualService have a name in common. */
const hostsOfOne = fc
  .uniqueArray(hostPattern, { minLength: 1, maxLength: 2 })
  .map((hosts) => (hosts.some((each) => each.startsWith("*")) ? hosts.slice(0, 1) : hosts));

/** With what it delegates to: names are known only here. */
export const virtualService = fc
  .record({ where: namespace, hosts: hostsOfOne, delegateName: fc.constantFrom("leaf-0", "leaf-1", "leaf-2"), scope: exportTo })
  .chain(({ where, hosts, delegateName, scope }) =>
    fc
      .record({
        gateways: fc.oneof(
          { weight: 4, arbitrary: fc.constant(undefined) },
          { weight: 2, arbitrary: fc.subarray([...GATEWAYS], { minLength: 1 }) },
        ),
        delegateTo: namespace,
      })
      .chain(({ gateways, delegateTo }) =>
        fc
          .record({
            http: fc.array(http(gateways ?? ["mesh"], fc.constant({ delegate: { name: delegateName, namespace: delegateTo } })), {
              minLength: 1,
              maxLength: 3,
            }),
            tcp: fc.option(fc.array(tcp, { minLength: 1, maxLength: 2 }), { nil: undefined, freq: 3 }),
          })
          .map(
            ({ http: routes, tcp: streams }): Draft =>
              draft("VirtualService", NETWORKING, where, {
                hosts,
                ...(gateways ? { gateways } : {}),
                http: routes,
                ...(streams ? { tcp: streams } : {}),
                ...scope,
              }),
          ),
      ),
  );

/** One without hosts, for others to delegate to. */
export const leaf = fc
  .record({ where: namespace, http: fc.array(http(["mesh"], undefined), { minLength: 1, maxLength: 2 }), scope: exportTo })
  .map(({ where, http: routes, scope }) => {
    const plain = routes.map((route) => ({
      ...route,
      ...(route["match"]
        ? { match: (route["match"] as Record<string, unknown>[]).map(({ gateways: _, sourceNamespace: __, ...each }) => each) }
        : {}),
    }));
    return draft("VirtualService", NETWORKING, where, { http: plain, ...scope });
  });
