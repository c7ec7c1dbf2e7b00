import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { caseNames, readCase } from "../../test/pilot/cases.ts";
import { unsupported } from "../check.ts";
import { lines, resourcesIn } from "./findings.ts";

const check = (text: string) => lines(unsupported(resourcesIn(text)));

describe("what the mesh does not support is said at its place", () => {
  test("a kind of which nothing is read is one error, at its kind, whatever is in it", () => {
    const yaml = (apiVersion: string, kind: string) => `apiVersion: ${apiVersion}
kind: ${kind}
metadata: { name: a }
spec: { selector: {}, jwtRules: [{ issuer: a }] }
status: {}`;
    expect(check(yaml("security.istio.io/v1", "RequestAuthentication"))).toEqual([
      "mesh.yaml:2:7: MS1001 RequestAuthentication default/a is not supported: tokens are not verified: a bad one would be let through",
    ]);
    expect(check(yaml("networking.istio.io/v1alpha3", "EnvoyFilter"))).toEqual([
      "mesh.yaml:2:7: MS1001 EnvoyFilter default/a is not supported: it patches Istio's own configuration, and ours is another",
    ]);
    expect(check(yaml("gateway.networking.k8s.io/v1", "ListenerSet"))).toEqual([
      "mesh.yaml:2:7: MS1001 ListenerSet default/a is not supported: a gateway has its own listeners only",
    ]);
  });

  test("a kind that nobody knows is one warning, and one of Kubernetes' own that is not for a mesh is none", () => {
    const yaml = (apiVersion: string, kind: string) => `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: a, namespace: b }\n`;
    expect(check(yaml("example.com/v1", "Widget"))).toEqual([
      "mesh.yaml:2:7: MS1002 Widget b/a has no effect here: nothing is known of this kind of example.com",
    ]);
    expect(check(yaml("v1", "ServiceAccount"))).toEqual([]);
    expect(check(yaml("rbac.authorization.k8s.io/v1", "Role"))).toEqual([]);
  });

  test("a field is told with all below it once, at its key", () => {
    expect(
      check(`apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: a }
spec:
  ingress:
    - port: { number: 80, protocol: HTTP, name: http }
    - port: { number: 81, protocol: HTTP, name: http }
  egress:
    - captureMode: NONE
      port: { number: 9080, protocol: HTTP, name: http }
      hosts: ["./*"]
  outboundTrafficPolicy: { mode: ALLOW_ANY, egressProxy: { host: a } }
`),
    ).toEqual([
      "mesh.yaml:5:3: MS1001 Sidecar default/a: spec.ingress is not supported: a workload's ports are those of its services",
      "mesh.yaml:10:7: MS1001 Sidecar default/a: spec.egress[0].port is not supported: its hosts would be seen at all ports",
      "mesh.yaml:9:7: MS1002 Sidecar default/a: spec.egress[0].captureMode has no effect here: connections are not captured: an application speaks to its proxy",
      "mesh.yaml:12:45: MS1001 Sidecar default/a: spec.outboundTrafficPolicy.egressProxy is not supported: hosts that nobody knows are called directly",
    ]);
  });

  test("a match by a claim is an error, since nobody verifies tokens; by a header it is none", () => {
    const routed = (name: string) => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: a }
spec:
  hosts: [a]
  http:
    - match: [{ headers: { "${name}": { exact: admin } } }]
      route: [{ destination: { host: a } }]
`;
    for (const name of ["@request.auth.claims.role", "@request.auth.claims[realm][role]"]) {
      const [finding = "", ...rest] = check(routed(name));
      expect(finding).toContain("MS1001 VirtualService default/a: spec.http[0].match[0].headers");
      expect(finding).toContain("no filter verifies tokens, so nothing is known of their claims");
      expect(rest).toEqual([]);
    }
    expect(check(routed("end-user"))).toEqual([]);
  });

  test("of a list the first three items are told", () => {
    const servers = Array.from(
      { length: 5 },
      (_, i) => `    - { bind: 10.0.0.${i}, port: { number: 8${i}, name: a, protocol: HTTP }, hosts: ["*"] }`,
    );
    const found = check(
      `apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: { name: a }\nspec:\n  servers:\n${servers.join("\n")}\n`,
    );
    expect(found.map((line) => line.slice(0, 60))).toEqual(
      [0, 1, 2].map((i) => `mesh.yaml:${6 + i}:9: MS1002 Gateway default/a: spec.servers[${i}].bind has`.slice(0, 60)),
    );
  });

  test("a value is told at the value, and others of the same field are supported", () => {
    const entry = (resolution: string) => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: a }
spec:
  hosts: [a.example.com]
  ${resolution}
`;
    const reason = "is not supported: connections are not captured, so the address that they were for is not known";
    expect(check(entry("resolution: DNS"))).toEqual([]);
    expect(check(entry("resolution: DYNAMIC_DNS"))).toEqual([
      `mesh.yaml:6:15: MS1001 ServiceEntry default/a: spec.resolution "DYNAMIC_DNS" ${reason}`,
    ]);
    // Nothing is NONE.
    expect(check(entry(""))).toEqual([`mesh.yaml:5:3: MS1001 ServiceEntry default/a: spec.resolution ${reason}`]);
    const server = (protocol: string, tls: string) =>
      `apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: { name: a }\nspec:\n  servers: [{ hosts: ["*"], port: { number: 1, name: a, protocol: ${protocol} }, tls: ${tls} }]\n`;
    expect(check(server("HTTP", "{ httpsRedirect: true }"))).toEqual([]);
    expect(check(server("TLS", "{ mode: PASSTHROUGH }"))).toEqual([]);
    expect(check(server("TLS", "{ mode: AUTO_PASSTHROUGH }"))).toEqual([
      'mesh.yaml:5:87: MS1001 Gateway default/a: spec.servers[0].tls.mode "AUTO_PASSTHROUGH" is not supported: it is for calls between clusters, and one machine is one cluster',
    ]);
  });

  test("load balancing by zones is an error, unless it is off; that by localities is none", () => {
    const rule = (setting: string) =>
      `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: { name: a }\nspec:\n  host: a\n  trafficPolicy:\n    loadBalancer: { ${setting} }\n`;
    expect(check(rule("localityLbSetting: { failover: [{ from: eu, to: us }] }"))).toEqual([]);
    expect(check(rule("zoneAwareLbSetting: { enabled: false }"))).toEqual([]);
    expect(check(rule("zoneAwareLbSetting: {}"))).toEqual([
      "mesh.yaml:7:21: MS1001 DestinationRule default/a: spec.trafficPolicy.loadBalancer.zoneAwareLbSetting is not supported: requests go to all zones alike",
    ]);
  });

  test("a preference of a Service that Istio does not know is a warning", () => {
    const service = (preferred: string) =>
      `apiVersion: v1\nkind: Service\nmetadata: { name: a, annotations: { networking.istio.io/traffic-distribution: ${preferred} } }\nspec: { trafficDistribution: ${preferred} }\n`;
    expect(check(service("PreferClose"))).toEqual([]);
    expect(check(service("Nearest"))).toEqual([
      'mesh.yaml:4:30: MS1002 Service default/a: spec.trafficDistribution "Nearest" has no effect here: Istio knows no such preference',
      'mesh.yaml:3:79: MS1002 Service default/a: metadata.annotations["networking.istio.io/traffic-distribution"] "Nearest" has no effect here: Istio knows no such preference',
    ]);
  });

  test("an AuthorizationPolicy that asks for what nobody knows here is an error", () => {
    expect(
      check(`apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: a }
spec:
  action: CUSTOM
  provider: { name: opa }
  rules:
    - from: [{ source: { ipBlocks: [10.0.0.0/8], principals: [a] } }]
      to: [{ operation: { ports: ["80"], methods: [GET] } }]
      when: [{ key: "request.auth.claims[a]", values: [b] }, { key: source.principal, values: [b] }]
`).map((line) => line.split(" not supported")[0]),
    ).toEqual([
      'mesh.yaml:5:11: MS1001 AuthorizationPolicy default/a: spec.action "CUSTOM" is',
      "mesh.yaml:6:3: MS1001 AuthorizationPolicy default/a: spec.provider is",
      "mesh.yaml:8:26: MS1001 AuthorizationPolicy default/a: spec.rules[0].from[0].source.ipBlocks is",
      "mesh.yaml:9:27: MS1001 AuthorizationPolicy default/a: spec.rules[0].to[0].operation.ports is",
      'mesh.yaml:10:21: MS1001 AuthorizationPolicy default/a: spec.rules[0].when[0].key "request.auth.claims[a]" is',
    ]);
  });

  test("a Service of another name, replicas and Istio's own annotations", () => {
    expect(
      check(`apiVersion: v1
kind: Service
metadata: { name: a }
spec: { type: ExternalName, externalName: a.example.com }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: a }
spec:
  replicas: 3
  template:
    metadata:
      annotations:
        sidecar.istio.io/inject: "true"
        traffic.sidecar.istio.io/excludeOutboundPorts: "5432"
        prometheus.io/scrape: "true"
`),
    ).toEqual([
      'mesh.yaml:4:15: MS1001 Service default/a: spec.type "ExternalName" is not supported: it is another name of a host, which nobody looks up',
      "mesh.yaml:4:29: MS1001 Service default/a: spec.externalName is not supported: it is another name of a host, which nobody looks up",
      "mesh.yaml:10:13: MS1002 Deployment default/a: spec.replicas 3 has no effect here: one workload stands for all",
      'mesh.yaml:15:9: MS1002 Deployment default/a: spec.template.metadata.annotations["traffic.sidecar.istio.io/excludeOutboundPorts"] has no effect here: it is for Istio\'s injector, or for parts of Istio that are not here',
    ]);
  });

  test("annotations of ours that nothing reads, or that cannot be read, are errors", () => {
    const service = (kind: string, annotation: string) =>
      `apiVersion: networking.istio.io/v1\nkind: ${kind}\nmetadata: { name: a, annotations: { ${annotation} } }\nspec: { host: a, hosts: [a] }\n`;
    expect(check(service("VirtualService", "meshscript.io/sticky: cookie:session"))).toEqual([]);
    expect(check(service("VirtualService", 'meshscript.io/sticky: "user"'))).toEqual([
      'mesh.yaml:3:37: MS1001 VirtualService default/a: metadata.annotations["meshscript.io/sticky"] is not supported: it names neither a header nor a cookie',
    ]);
    for (const [kind, name] of [
      ["VirtualService", "stickie"],
      ["DestinationRule", "sticky"],
    ] as const) {
      expect(check(service(kind, `meshscript.io/${name}: header:x-user`))).toEqual([
        `mesh.yaml:3:37: MS1001 ${kind} default/a: metadata.annotations["meshscript.io/${name}"] is not supported: nothing reads this annotation here`,
      ]);
    }
  });

  test("what a cluster writes into a resource of Istio is a warning, and nothing behind a name says nothing", () => {
    const yaml = `apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: { name: a }\nspec: { mtls: }\nstatus: { conditions: [] }\n`;
    expect(check(yaml)).toEqual(["mesh.yaml:5:1: MS1002 PeerAuthentication default/a: status has no effect here: a cluster writes it"]);
    expect(check(yaml.replace(/status.*\n/, ""))).toEqual([]);
  });
});

test("BookInfo has nothing that is not supported, and neither have its scenes", async () => {
  expect(check(await readFile("mesh/test/pilot/cases/bookinfo.yaml", "utf8"))).toEqual([]);
  const errors = new Map<string, number>();
  for (const name of await caseNames()) {
    const found = unsupported(resourcesIn(await readCase(name))).filter(({ level }) => level === "error");
    if (found.length > 0) errors.set(name, found.length);
  }
  expect([...errors.keys()]).toEqual([]);
});

test("the examples on the pages of the errors are what is printed", async () => {
  const page = await readFile("docs/errors/MS1001.md", "utf8");
  const yaml = "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: { name: frontend }\nspec:\n  egress: []\n  ingress: []\n";
  const [found] = unsupported(resourcesIn(yaml));
  expect(page).toContain(`sidecar.yaml:6:3: error MS1001: ${found?.message}`);
});
