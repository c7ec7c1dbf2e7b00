import { expect, test } from "vitest";
import { readYamlDocuments } from "../../harness/cases/source.ts";
import { compile } from "../compile.ts";
import { resourcesOf } from "../resources/resource.ts";

/** What random meshes found that Pilot does otherwise, each as small as it got, with Pilot's answer. */

const istio = (kind: string, namespace: string, name: string, spec: object) =>
  JSON.stringify({ apiVersion: "networking.istio.io/v1", kind, metadata: { namespace, name }, spec });
const client = (namespace: string) =>
  JSON.stringify({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace, name: "client" },
    spec: { template: { metadata: { labels: { app: "client" } } } },
  });
const service = (namespace: string, port: object, exportTo = "*") =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace, name: "a", annotations: { "networking.istio.io/exportTo": exportTo } },
    spec: { clusterIP: "10.96.1.1", selector: { app: "a" }, ports: [port] },
  });
const HTTP = { port: 80, name: "http" };
const A = "a.shop.svc.cluster.local";

function proxy(resources: readonly string[], id = "client.default") {
  const all = readYamlDocuments(resources.join("\n---\n"), "mesh.yaml", "MS0914").flatMap((document) => resourcesOf(document));
  const compiled = compile(all, { filters: () => [] });
  const found = compiled.proxies.get(id);
  if (found === undefined) throw new Error(`there is no ${id}`);
  const cluster = (name: string) => found.clusters.find((each) => each["name"] === name);
  const options = (name: string) =>
    Object.values((cluster(name)?.["typed_extension_protocol_options"] ?? {}) as object)[0] as object | undefined;
  const hosts = found.routes.flatMap((each) =>
    (each["virtual_hosts"] as { name: string }[]).map(({ name }) => `${String(each["name"])} ${name}`),
  );
  const endpoints = (name: string) =>
    [...compiled.endpoints.values()].find((each) => each.cluster === name)?.localities.flatMap(({ endpoints }) => endpoints);
  /** What is in the file that a cluster reads. */
  const read = (name: string) => {
    const eds = cluster(name)?.["eds_cluster_config"] as { eds_config: { path_config_source: { path: string } } };
    return compiled.endpoints.get(eds.eds_config.path_config_source.path)?.localities.flatMap(({ endpoints }) => endpoints);
  };
  const routes = (host: string) =>
    found.routes
      .flatMap((each) => each["virtual_hosts"] as { name: string; routes: { name?: string }[] }[])
      .find(({ name }) => name === host)
      ?.routes.map(({ name }) => name);
  return { cluster, options, hosts, endpoints, read, routes };
}

test("a service that only a VirtualService leads to has a cluster with its endpoints and identities, and no routes", () => {
  const workload = { metadata: { labels: { app: "a" } }, spec: { serviceAccountName: "seller" } };
  const { cluster, hosts, endpoints } = proxy(
    [
      client("shop"),
      JSON.stringify({
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { namespace: "shop", name: "a-v1" },
        spec: { template: workload },
      }),
      service("shop", HTTP, "default"),
      istio("VirtualService", "shop", "routes", { hosts: ["x.example.com"], http: [{ route: [{ destination: { host: "a" } }] }] }),
    ],
    "client.shop",
  );
  expect(JSON.stringify(cluster(`outbound|80||${A}`))).toContain("spiffe://cluster.local/ns/shop/sa/seller");
  expect(endpoints(`outbound|80||${A}`)).toMatchObject([{ workload: "a-v1.shop", target: 80, mtls: true }]);
  expect(hosts.filter((name) => name.includes(A))).toEqual([]);
});

test("a rule that its own namespace may not see counts for other namespaces", () => {
  const rule = istio("DestinationRule", "default", "rule", { host: A, exportTo: ["other"], subsets: [{ name: "v1" }] });
  const { cluster } = proxy([client("default"), service("shop", HTTP), rule]);
  expect(cluster(`outbound|80|v1|${A}`)).toBeUndefined();
});

test("a namespace's rule for other workloads hides the mesh's rule", () => {
  const { cluster } = proxy([
    client("default"),
    service("shop", HTTP),
    istio("DestinationRule", "default", "own", { host: A, exportTo: ["."], workloadSelector: { matchLabels: { app: "other" } } }),
    istio("DestinationRule", "istio-system", "mesh", { host: A, subsets: [{ name: "v1" }] }),
  ]);
  expect(cluster(`outbound|80|v1|${A}`)).toBeUndefined();
  expect(cluster(`outbound|80||${A}`)).toBeDefined();
});

test("`~/host` in a Sidecar is seen by nobody, whatever the other entries say", () => {
  const sidecar = istio("Sidecar", "default", "sidecar", { egress: [{ hosts: ["*/*", `~/${A}`] }] });
  expect(proxy([client("default"), service("shop", HTTP)]).cluster(`outbound|80||${A}`)).toBeDefined();
  expect(proxy([client("default"), service("shop", HTTP), sidecar]).cluster(`outbound|80||${A}`)).toBeUndefined();
});

test.each([
  [
    "the client's protocol goes before the port's",
    { port: 80, name: "grpc" },
    { useClientProtocol: true },
    "use_downstream_protocol_config",
  ],
  [
    "an unknown protocol is the client's, even if it is upgraded",
    { port: 80, name: "web" },
    { h2UpgradePolicy: "UPGRADE" },
    "use_downstream_protocol_config",
  ],
  ["an idle connection of bytes has options of HTTP/1.1", { port: 80, name: "tcp" }, { idleTimeout: "1s" }, "explicit_http_config"],
])("%s", (_, port, http, field) => {
  const rule = istio("DestinationRule", "default", "rule", { host: A, trafficPolicy: { connectionPool: { http } } });
  expect(Object.keys(proxy([client("default"), service("shop", port), rule]).options(`outbound|80||${A}`) ?? {})).toContain(field);
});

test("a VirtualService for a pattern is for all services of it, also if one of them is the pattern", () => {
  const { hosts } = proxy([
    client("default"),
    istio("ServiceEntry", "default", "entry", {
      hosts: ["db.example.com", "*.example.com"],
      ports: [{ number: 8080, name: "http", protocol: "HTTP" }],
    }),
    istio("VirtualService", "default", "routes", { hosts: ["*.example.com"], http: [{ directResponse: { status: 204 } }] }),
  ]);
  expect(hosts).toEqual(expect.arrayContaining(["8080 *.example.com:8080", "8080 db.example.com:8080"]));
});

test("a delegate that is not exported to its root's namespace is none", () => {
  const delegate = (exportTo: string[]) =>
    istio("VirtualService", "team", "part", { exportTo, http: [{ route: [{ destination: { host: A } }] }] });
  const root = istio("VirtualService", "default", "root", {
    hosts: [A],
    http: [
      { name: "own", delegate: { name: "part", namespace: "team" } },
      { name: "rest", directResponse: { status: 404 } },
    ],
  });
  const names = (exportTo: string[]) => proxy([client("default"), service("shop", HTTP), root, delegate(exportTo)]).routes(`${A}:80`);
  expect(names(["default"])).toEqual(["own"]);
  expect(names(["*"])).toEqual(["own"]);
  expect(names(["."])).toEqual(["rest"]);
});

test("two namespaces may say of the same host where it is, and their clients do not meet", () => {
  const entry = (namespace: string, address: string) =>
    istio("ServiceEntry", namespace, "a", {
      ...{ hosts: ["a.example.com"], exportTo: ["."], resolution: "STATIC", ports: [{ number: 80, name: "http", protocol: "HTTP" }] },
      endpoints: [{ address }],
    });
  const all = [client("one"), client("two"), entry("one", "192.0.2.1"), entry("two", "192.0.2.2")];
  const ofClient = (namespace: string) => proxy(all, `client.${namespace}`).read("outbound|80||a.example.com");
  expect(ofClient("one")).toMatchObject([{ host: "192.0.2.1" }]);
  expect(ofClient("two")).toMatchObject([{ host: "192.0.2.2" }]);
});
