import fc from "fast-check";
import {
  APPS,
  type Draft,
  HTTP_PORTS,
  NETWORKING,
  OUTSIDE,
  PLACES,
  TCP_PORT,
  VERSIONS,
  draft,
  exportTo,
  namespace,
  partly,
  seldom,
} from "./names.ts";

const httpName = fc.constantFrom("http", "http-web", "http2", "grpc", "grpc-api", "grpc-web", "web");
const httpPort = fc.record({
  port: fc.constantFrom<number>(...HTTP_PORTS),
  name: httpName,
  targetPort: fc.option(fc.constantFrom<number | string>(9000, "main"), { nil: undefined, freq: 2 }),
  appProtocol: fc.option(fc.constantFrom("http", "kubernetes.io/h2c", "grpc", "other"), { nil: undefined, freq: 5 }),
});
const tcpPort = fc.record({ port: fc.constant(TCP_PORT), name: fc.constantFrom("tcp", "tcp-db", "mongo", "mysql") });

/** A Service and the Deployments behind it. */
const service = fc
  .record({
    app: fc.constantFrom(...APPS),
    where: namespace,
    http: fc.uniqueArray(httpPort, { minLength: 1, maxLength: 2, selector: ({ port }) => port }),
    tcp: fc.option(tcpPort, { nil: undefined, freq: 2 }),
    headless: fc.boolean(),
    hidden: fc.option(fc.constantFrom(".", "shop", "*", "default,shop"), { nil: undefined, freq: 5 }),
    versions: fc.subarray([...VERSIONS], { minLength: 1 }),
    account: fc.constantFrom("default", "bookworm"),
    place: seldom(fc.constantFrom(...PLACES), 2),
    preferred: seldom(fc.constantFrom("PreferClose", "PreferSameNode"), 6),
    labels: partly({ stage: fc.constantFrom("test", "live") }),
  })
  .map(({ app, where, http, tcp, headless, hidden, versions, account, place, preferred, labels }): Draft[] => {
    const withoutAddress = headless && hidden !== undefined && tcp === undefined;
    const ports = [...http, ...(tcp ? [tcp] : [])].map((port, i, all) => ({
      ...port,
      name: all.length === 1 ? port.name : `${port.name}-${i}`,
    }));
    // Without an address Pilot tells unknown protocols apart by the pods' own, which we do not have: there it is HTTP.
    if (withoutAddress) for (const port of ports) Object.assign(port, { appProtocol: "http" });
    const deployments = versions.map((version, i): Draft => {
      const all = { app, version, ...(labels as Record<string, string>) };
      // The versions of an app are in several places.
      const [region, zone] = place === undefined ? [] : (PLACES[(PLACES.indexOf(place) + i) % PLACES.length] ?? place).split("/");
      const nodeSelector = region && zone ? { "topology.kubernetes.io/region": region, "topology.kubernetes.io/zone": zone } : {};
      const containers = [{ name: "main", ports: [{ name: "main", containerPort: 9001 }] }];
      return {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: `${app}-${version}`, namespace: where },
        spec: {
          selector: { matchLabels: all },
          template: { metadata: { labels: all }, spec: { serviceAccountName: account, nodeSelector, containers } },
        },
      };
    });
    const annotations = hidden === undefined ? {} : { annotations: { "networking.istio.io/exportTo": hidden } };
    return [
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: app, namespace: where, ...annotations },
        // One in eight: random booleans are not weighted.
        spec: {
          selector: { app },
          ports,
          ...(withoutAddress ? { clusterIP: "None" } : {}),
          ...(preferred ? { trafficDistribution: preferred } : {}),
        },
      },
      ...deployments,
    ];
  });

/** One for each name and namespace: another of the same name would be the same resource. */
export const services = fc
  .uniqueArray(service, { minLength: 2, maxLength: 5, selector: ([first]) => `${first?.metadata.namespace}/${first?.metadata.name}` })
  .map((all) => all.flat());

const endpoint = fc.record(
  {
    address: fc.constantFrom("192.0.2.1", "192.0.2.2", "192.0.2.3"),
    ports: fc.constant({ http: 8888 }),
    labels: fc.constantFrom({ version: "v1" }, { version: "v2", stage: "live" }),
    weight: fc.constantFrom(1, 5),
    serviceAccount: fc.constant("outsider"),
    locality: fc.constantFrom(...PLACES),
  },
  { requiredKeys: ["address"] },
);

/** A host outside, or one that only a ServiceEntry says is inside. */
export const serviceEntry = fc
  .record({
    where: namespace,
    hosts: fc.uniqueArray(fc.constantFrom(...OUTSIDE), { minLength: 1, maxLength: 2 }),
    location: fc.constantFrom("MESH_EXTERNAL", "MESH_INTERNAL"),
    resolution: fc.constantFrom("STATIC", "DNS", "DNS_ROUND_ROBIN", "NONE"),
    http: fc.constantFrom("HTTP", "HTTP2", "GRPC"),
    port: fc.constantFrom<number>(...HTTP_PORTS),
    targetPort: seldom(fc.constant(8443)),
    tls: fc.boolean(),
    endpoints: fc.uniqueArray(endpoint, { minLength: 1, maxLength: 3, selector: ({ address }) => address }),
    empty: fc.boolean(),
    subjectAltNames: seldom(fc.constant(["spiffe://cluster.local/ns/x/sa/y"])),
    scope: exportTo,
  })
  .map(({ where, hosts, location, resolution, http, port, targetPort, tls, endpoints, empty, subjectAltNames, scope }) => {
    const wildcard = hosts.some((each) => each.startsWith("*"));
    const usual = resolution.startsWith("DNS") && wildcard && empty ? "NONE" : resolution;
    const listed =
      usual === "NONE" || (usual.startsWith("DNS") && empty) ? [] : usual === "DNS_ROUND_ROBIN" ? endpoints.slice(0, 1) : endpoints;
    return draft("ServiceEntry", NETWORKING, where, {
      hosts,
      location,
      resolution: usual,
      ports: [
        { number: port, name: "http", protocol: http, ...(targetPort ? { targetPort } : {}) },
        ...(tls ? [{ number: 443, name: "tls", protocol: "TLS" }] : []),
      ],
      ...(listed.length > 0 ? { endpoints: listed } : {}),
      ...(subjectAltNames ? { subjectAltNames } : {}),
      ...scope,
    });
  });
