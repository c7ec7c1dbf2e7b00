import fc from "fast-check";
import {
  HTTP_PORTS,
  NETWORKING,
  PLACES,
  TCP_PORT,
  VERSIONS,
  draft,
  duration,
  exportTo,
  hostPattern,
  namespace,
  partly,
  seldom,
} from "./names.ts";

const count = fc.constantFrom(1, 5, 100);

const connectionPool = partly({
  tcp: partly({
    maxConnections: count,
    connectTimeout: duration,
    tcpKeepalive: partly({ probes: count, time: fc.constantFrom("10s", "2h"), interval: fc.constant("75s") }),
    maxConnectionDuration: duration,
    idleTimeout: duration,
  }),
  http: partly({
    http1MaxPendingRequests: count,
    http2MaxRequests: count,
    maxRequestsPerConnection: count,
    maxRetries: count,
    idleTimeout: duration,
    h2UpgradePolicy: fc.constantFrom("DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"),
    useClientProtocol: fc.boolean(),
    maxConcurrentStreams: count,
  }).map(({ useClientProtocol, ...http }) =>
    http["h2UpgradePolicy"] === "UPGRADE" ? http : { ...http, ...(useClientProtocol ? { useClientProtocol } : {}) },
  ),
}).map((pool) => (Object.keys(pool).length > 0 ? pool : { tcp: { maxConnections: 7 } }));

const hashKey = fc.oneof(
  fc.constantFrom({ httpHeaderName: "x-user" }, { useSourceIp: true }, { httpQueryParameterName: "user" }),
  fc.record({
    httpCookie: fc.record(
      { name: fc.constant("session"), ttl: fc.constantFrom("0s", "60s"), path: fc.constant("/") },
      { requiredKeys: ["name"] },
    ),
  }),
);
const hashTable = fc.constantFrom({}, { maglev: { tableSize: 101 } }, { ringHash: { minimumRingSize: 64 } }, { minimumRingSize: 32 });

const warmup = fc.oneof(
  fc.constant({}),
  fc.constant({ warmupDurationSecs: "30s" }),
  partly({ minimumPercent: fc.constantFrom(5, 20), aggression: fc.constantFrom(1, 2.5) }).map((more) => ({
    warmup: { duration: "45s", ...more },
  })),
);

const localityLbSetting = fc.oneof(
  fc.boolean().map((enabled) => ({ enabled })),
  fc.uniqueArray(fc.constantFrom(...PLACES), { minLength: 2, maxLength: 2 }).map(([one = "", other = ""]) => ({
    distribute: [
      { from: one, to: { [one]: 30, [other]: 70 } },
      { from: "*", to: { eu: 100 } },
    ],
  })),
  fc.constantFrom("us", "asia").map((to) => ({ failover: [{ from: "eu", to }] })),
  fc
    .uniqueArray(fc.constantFrom("stage", "version=v1", "topology.kubernetes.io/region", "topology.kubernetes.io/zone"), { minLength: 1 })
    .map((failoverPriority) => ({ failoverPriority })),
);

const simpleOrHash = fc.oneof(
  fc
    .tuple(fc.constantFrom("LEAST_CONN", "LEAST_REQUEST", "RANDOM", "ROUND_ROBIN", "UNSPECIFIED"), warmup)
    .map(([simple, more]) => (simple === "RANDOM" || simple === "UNSPECIFIED" ? { simple } : { simple, ...more })),
  fc.tuple(hashKey, hashTable).map(([key, table]) => ({ consistentHash: { ...key, ...table } })),
);

const loadBalancer = fc
  .tuple(simpleOrHash, seldom(localityLbSetting, 2))
  .map(([how, where]) => ({ ...how, ...(where ? { localityLbSetting: where } : {}) }));

const outlierDetection = partly({
  consecutive5xxErrors: fc.constantFrom(0, 3),
  consecutiveGatewayErrors: fc.constantFrom(0, 4),
  interval: duration.filter((text) => !text.includes(".5")),
  baseEjectionTime: duration,
  maxEjectionPercent: fc.constantFrom(0, 50),
  minHealthPercent: fc.constantFrom(0, 30),
  splitExternalLocalOriginErrors: fc.boolean(),
  consecutiveLocalOriginFailures: fc.constantFrom(0, 7),
}).map((outlier) => {
  // The webhook: one without the other says nothing.
  const { consecutiveLocalOriginFailures: _, ...rest } = outlier;
  return outlier["splitExternalLocalOriginErrors"] ? outlier : rest;
});

const sans = { subjectAltNames: fc.constantFrom(["one.example.com"], ["spiffe://cluster.local/ns/shop/sa/other", "two.example.com"]) };
const tls = fc.oneof(
  fc.constantFrom({ mode: "DISABLE" }, {}),
  partly({ sni: fc.constant("sni.example.com"), ...sans }).map((more) => ({ mode: "ISTIO_MUTUAL", ...more })),
  partly({
    sni: fc.constant("sni.example.com"),
    caCertificates: fc.constantFrom("/etc/ca.pem", "system"),
    caCrl: fc.constant("/etc/crl.pem"),
    ...sans,
  }).map((more) => ({ mode: "SIMPLE", ...more })),
  fc.constant({ mode: "SIMPLE", insecureSkipVerify: true }),
  partly({ sni: fc.constant("sni.example.com"), caCertificates: fc.constant("/etc/ca.pem"), ...sans }).map((more) => ({
    mode: "MUTUAL",
    clientCertificate: "/etc/cert.pem",
    privateKey: "/etc/key.pem",
    ...more,
  })),
);

const portPolicy = { connectionPool, loadBalancer, outlierDetection, tls };
const trafficPolicy = partly({
  ...portPolicy,
  portLevelSettings: fc.uniqueArray(
    fc.tuple(fc.constantFrom(...HTTP_PORTS, TCP_PORT), partly(portPolicy)).map(([number, policy]) => ({ port: { number }, ...policy })),
    { minLength: 1, maxLength: 2, selector: ({ port }) => port.number },
  ),
  retryBudget: partly({ percent: fc.constantFrom(5, 25), minRetryConcurrency: count }),
}).map((all) => {
  // Where a rule says nothing of TLS for a port, but for the others, Pilot's endpoints and its clusters do not agree.
  const { tls: _, ...rest } = all;
  return "portLevelSettings" in all ? rest : all;
});

const subset = fc
  .record({ name: fc.constantFrom<string>(...VERSIONS, "all"), stage: fc.boolean(), trafficPolicy }, { requiredKeys: ["name", "stage"] })
  .map(({ name, stage, ...rest }) => {
    const labels = { ...(name === "all" ? {} : { version: name }), ...(stage ? { stage: "live" } : {}) };
    return { name, ...(Object.keys(labels).length > 0 ? { labels } : {}), ...rest };
  });

export const destinationRule = fc
  .record({
    where: namespace,
    host: hostPattern,
    trafficPolicy: fc.option(trafficPolicy, { nil: undefined, freq: 2 }),
    subsets: fc.uniqueArray(subset, { maxLength: 3, selector: ({ name }) => name }),
    selector: fc.option(fc.constantFrom({ app: "a" }, { version: "v1" }), { nil: undefined, freq: 6 }),
    scope: exportTo,
  })
  .map(({ trafficPolicy: whole, ...each }) => {
    // The same for the rule's word about TLS and a subset's ports.
    const { tls: _, ...rest } = whole ?? {};
    const ofPorts = each.subsets.some(({ trafficPolicy: own }) => own && "portLevelSettings" in own);
    return { ...each, trafficPolicy: whole && ofPorts ? rest : whole };
  })
  .map(({ where, host, trafficPolicy: policy, subsets, selector, scope }) =>
    draft("DestinationRule", NETWORKING, where, {
      host,
      ...(policy ? { trafficPolicy: policy } : {}),
      ...(subsets.length > 0 ? { subsets } : {}),
      // The webhook: a rule with a selector stays in its namespace.
      ...(selector ? { workloadSelector: { matchLabels: selector }, exportTo: ["."] } : scope),
    }),
  );
