import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { caseNames, readCase } from "../../test/pilot/cases.ts";
import { conflicts } from "../conflicts/index.ts";
import { lines, resourcesIn } from "./findings.ts";

/** Two services with a workload each, in front of what a test says: its first line is 1. */
const WORLD = `
---
apiVersion: v1
kind: Service
metadata: { name: reviews }
spec: { selector: { app: reviews }, ports: [{ name: http, port: 9080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: ratings }
spec: { selector: { app: ratings }, ports: [{ name: http, port: 9080 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: reviews-v1 }
spec: { template: { metadata: { labels: { app: reviews, version: v1 } } } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ratings-v1 }
spec: { template: { metadata: { labels: { app: ratings, version: v1 } } } }
`;

const findings = (text: string) => conflicts(resourcesIn(`${text.trim()}${WORLD}`));
const found = (text: string) => lines(findings(text));

/** A resource of Istio's networking, whose spec begins in its line 5. */
const networking = (kind: string, name: string, spec: string, more = "") =>
  `apiVersion: networking.istio.io/v1\nkind: ${kind}\nmetadata: { name: ${name}${more} }\nspec:\n${spec}`;
const virtualService = (name: string, spec: string, more = "") => networking("VirtualService", name, spec, more);
const route = (host: string) => `{ route: [{ destination: { host: ${host} } }] }`;
const both = (...texts: string[]) => texts.join("\n---\n");

describe("VirtualServices", () => {
  test("of two for a host the first in a sidecar's sight is used, and the other is told with the place of the first", () => {
    const text = both(
      virtualService("b", `  hosts: [reviews]\n  http: [${route("reviews")}]`),
      virtualService("a", `  hosts: [ratings, reviews.default.svc.cluster.local]\n  http: [${route("reviews")}]`),
    );
    const [finding, ...others] = findings(text);
    expect(lines(finding ? [finding] : [])).toEqual([
      "mesh.yaml:5:11: MS1003 VirtualService default/b: is not used for reviews.default.svc.cluster.local: another is, which is older or of a nearer namespace",
    ]);
    expect(finding?.notes).toEqual([
      "mesh.yaml:12:20: the one that is used is VirtualService default/a",
      "a client that sees both: ratings-v1.default",
    ]);
    expect(others).toEqual([]);
  });

  test("the older one counts, and two whose clients differ do not meet", () => {
    const two = (first: string, second: string) =>
      found(
        both(
          virtualService("a", `  hosts: [reviews]\n${first}`, ", creationTimestamp: 2025-02-01T00:00:00Z"),
          virtualService("b", `  hosts: [reviews]\n${second}`, ", creationTimestamp: 2025-01-01T00:00:00Z"),
        ),
      );
    const http = `  http: [${route("reviews")}]`;
    expect(two(http, http).map((line) => line.slice(0, 49))).toEqual(["mesh.yaml:5:11: MS1003 VirtualService default/a: "]);
    expect(two(http, `  http: [{ match: [{ sourceLabels: { app: ratings } }], route: [{ destination: { host: reviews } }] }]`)).toEqual([]);
    expect(two(http, `  exportTo: [other]\n${http}`)).toEqual([]);
    expect(two(http, `  gateways: [web]\n${http}`)).toEqual([
      "mesh.yaml:13:14: MS1003 VirtualService default/b: there is no Gateway default/web: nothing comes in by it",
    ]);
  });

  test("a gateway that does not exist is told, and one that does in either form is not", () => {
    const text = (name: string) =>
      both(
        virtualService("a", `  hosts: [reviews]\n  gateways: [mesh, ${name}]\n  http: [${route("reviews")}]`),
        networking("Gateway", "web", "  selector: { app: web }\n  servers: []"),
      );
    expect([found(text("web")), found(text("./web")), found(text("default/web")), found(text("web.default.svc.cluster.local"))]).toEqual([
      [],
      [],
      [],
      [],
    ]);
    const [finding] = findings(text("other/web"));
    expect(lines(finding ? [finding] : [])).toEqual([
      "mesh.yaml:6:20: MS1003 VirtualService default/a: there is no Gateway other/web: nothing comes in by it",
    ]);
    expect(finding?.help).toBe("the Gateways are: default/web");
  });

  test("a delegate that is not there, that is none, and that is not exported", () => {
    const text = both(
      virtualService(
        "root",
        `  hosts: [reviews]
  http:
    - { match: [{ uri: { prefix: /a } }], delegate: { name: none } }
    - { match: [{ uri: { prefix: /b } }], delegate: { name: whole } }
    - { match: [{ uri: { prefix: /c } }], delegate: { name: hidden, namespace: other } }
    - { match: [{ uri: { prefix: /d } }], delegate: { name: good } }`,
      ),
      virtualService("whole", `  hosts: [ratings]\n  http: [${route("ratings")}]`),
      virtualService("hidden", `  exportTo: ["."]\n  http: [${route("ratings.default.svc.cluster.local")}]`, ", namespace: other"),
      virtualService("good", `  http: [${route("ratings")}]`),
    );
    expect(found(text)).toEqual([
      "mesh.yaml:7:53: MS1003 VirtualService default/root: there is no VirtualService default/none to delegate to: the route is left out",
      "mesh.yaml:8:53: MS1003 VirtualService default/root: default/whole has hosts of its own, so it is no delegate: the route is left out",
      "mesh.yaml:9:53: MS1003 VirtualService default/root: other/hidden is not exported to default: a cluster leaves the route out",
    ]);
    expect(findings(text).map(({ notes }) => notes)).toEqual([
      [],
      ["mesh.yaml:16:10: its hosts are in VirtualService default/whole"],
      ["mesh.yaml:23:13: it says to whom in VirtualService other/hidden"],
    ]);
  });

  test.each([
    ["without a match", route("reviews")],
    ["of every path", "{ match: [{ name: all, uri: { prefix: / } }], route: [{ destination: { host: reviews } }] }"],
    ["by a regex", "{ match: [{ uri: { regex: .* } }], redirect: { uri: /a } }"],
  ])("routes behind one that takes everything %s are told once", (_, all) => {
    const [finding, ...others] = findings(
      virtualService("a", `  hosts: [reviews]\n  http:\n    - ${all}\n    - ${route("ratings")}\n    - ${route("ratings")}`),
    );
    expect(lines(finding ? [finding] : [])).toEqual([
      "mesh.yaml:8:7: MS1003 VirtualService default/a: spec.http[1] gets no request, and one more: a route in front takes all",
    ]);
    expect(finding?.notes).toEqual(["mesh.yaml:7:7: the route that takes all is in VirtualService default/a"]);
    expect(others).toEqual([]);
  });

  test("a rewritten path without a matched one is told, with what becomes of it", () => {
    const text = (match: string, uri: string) =>
      virtualService(
        "a",
        `  hosts: [reviews]\n  http:\n    - { ${match}rewrite: { uri: ${uri} }, route: [{ destination: { host: reviews } }] }`,
      );
    expect(found(text("", "/preview/reviews"))).toEqual([
      'mesh.yaml:7:25: MS1003 VirtualService default/a: spec.http[0].rewrite.uri takes the place of the first "/" only, for no `uri` is matched: /a becomes /preview/reviewsa',
    ]);
    expect(found(text("match: [{ uri: { exact: /a } }, { headers: { a: {} } }], ", "/b"))).toHaveLength(1);
    expect(found(text("match: [{ uri: { prefix: /a } }], ", "/b"))).toEqual([]);
    expect(found(text("", "/preview/"))).toEqual([]);
  });

  test("weights that are all 0", () => {
    const text = (weight: number) =>
      virtualService(
        "a",
        `  hosts: [reviews]\n  http:\n    - route:\n        - { destination: { host: reviews }, weight: 0 }\n        - { destination: { host: ratings }, weight: ${weight} }`,
      );
    expect(found(text(0))).toEqual([
      "mesh.yaml:8:9: MS1003 VirtualService default/a: spec.http[0].route has no destination with a weight: requests fail",
    ]);
    expect(found(text(1))).toEqual([]);
  });
});

describe("destinations", () => {
  const to = (destination: string) =>
    virtualService("a", `  hosts: [reviews]\n  http:\n    - route: [{ destination: { ${destination} } }]`);

  test("a host that no service has, and half a name", () => {
    expect(found(to("host: nobody"))).toEqual([
      "mesh.yaml:7:38: MS1003 VirtualService default/a: no service has the host nobody.default.svc.cluster.local: requests fail",
    ]);
    const [finding] = findings(to("host: reviews.default"));
    expect(finding?.message).toBe(
      "VirtualService default/a: the host reviews.default is taken as a full name, which no service has: requests fail",
    );
    expect([finding?.location?.line, finding?.location?.column, finding?.help]).toEqual([7, 38, "write reviews.default.svc.cluster.local"]);
    const [host] = findings(virtualService("a", `  hosts: [reviews.default.svc]\n  http: [${route("reviews")}]`));
    expect([host?.message, host?.location?.column]).toEqual([
      "VirtualService default/a: the host reviews.default.svc is taken as a full name, which no service has",
      11,
    ]);
    // Anybody's host may be routed, and called by name.
    expect(found(virtualService("a", `  hosts: [api.example.com]\n  http: [${route("reviews")}]`))).toEqual([]);
  });

  test("a subset that no DestinationRule defines", () => {
    const rule = networking("DestinationRule", "r", "  host: reviews\n  subsets: [{ name: v1, labels: { version: v1 } }]");
    expect(found(both(to("host: reviews, subset: v1"), rule))).toEqual([]);
    const [finding] = findings(both(to("host: reviews, subset: v9"), rule));
    expect(lines(finding ? [finding] : [])).toEqual([
      "mesh.yaml:7:55: MS1003 VirtualService default/a: no DestinationRule defines the subset v9 of reviews.default.svc.cluster.local: requests fail",
    ]);
    expect(finding?.notes).toEqual([
      "mesh.yaml:14:12: the host's rule is DestinationRule default/r",
      "a client that does not find it: ratings-v1.default",
    ]);
    expect(found(to("host: reviews, subset: v1"))).toHaveLength(1);
  });

  test("a service that a client does not see", () => {
    const hidden = `apiVersion: v1
kind: Service
metadata: { name: hidden, namespace: other, annotations: { networking.istio.io/exportTo: "." } }
spec: { ports: [{ name: http, port: 9080 }] }`;
    const [finding, ...others] = findings(both(to("host: hidden.other.svc.cluster.local"), hidden));
    expect(finding?.message).toBe(
      "VirtualService default/a: ratings-v1.default does not see hidden.other.svc.cluster.local: its requests fail",
    );
    expect(finding?.notes).toEqual(["mesh.yaml:9:1: the host is of Service other/hidden"]);
    expect(others).toEqual([]);
  });
});

describe("DestinationRules", () => {
  test("of two for a host the older policy and the older subset of a name count", () => {
    const text = both(
      networking("DestinationRule", "b", "  host: reviews\n  trafficPolicy: {}\n  subsets: [{ name: v1 }, { name: v2 }]"),
      networking("DestinationRule", "a", "  host: reviews\n  trafficPolicy: {}\n  subsets: [{ name: v1 }]"),
    );
    expect(found(text)).toEqual([
      "mesh.yaml:6:18: MS1003 DestinationRule default/b: spec.trafficPolicy is not used: an older rule for reviews has one",
      "mesh.yaml:7:13: MS1003 DestinationRule default/b: the subset v1 is not used: an older rule for reviews has one of this name",
    ]);
    expect(findings(text).flatMap(({ notes }) => notes)).toEqual([
      "mesh.yaml:14:18: the one that is used is in DestinationRule default/a",
      "mesh.yaml:15:13: the one that is used is in DestinationRule default/a",
    ]);
    const apart = text.replace("  host: reviews\n", '  host: reviews\n  exportTo: ["."]\n');
    expect(found(apart)).toEqual([]);
  });

  test("a subset that selects no workload, a host that no service has, and half a name", () => {
    expect(
      found(
        both(
          networking(
            "DestinationRule",
            "a",
            "  host: reviews\n  subsets:\n    - { name: v1, labels: { version: v1 } }\n    - { name: v9, labels: { version: v9 } }",
          ),
          networking("DestinationRule", "b", "  host: nobody"),
          networking("DestinationRule", "c", "  host: reviews.default"),
          networking("DestinationRule", "d", '  host: "*.local"'),
        ),
      ),
    ).toEqual([
      "mesh.yaml:14:9: MS1003 DestinationRule default/b: no service has the host nobody.default.svc.cluster.local: the rule is not used",
      "mesh.yaml:20:9: MS1003 DestinationRule default/c: the host reviews.default is taken as a full name, which no service has",
      "mesh.yaml:8:7: MS1003 DestinationRule default/a: the subset v9 is empty: no workload of reviews.default.svc.cluster.local has version=v9",
    ]);
  });
});

test("of two PeerAuthentications of a scope the older counts, of the same age the first by name", () => {
  const policy = (name: string, spec: string) =>
    `apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: { name: ${name} }\nspec: ${spec}`;
  const text = both(
    policy("b", "{ mtls: { mode: STRICT } }"),
    policy("a", "{ mtls: { mode: DISABLE } }"),
    policy("d", "{ selector: { matchLabels: { app: reviews } } }"),
    policy("c", "{ selector: { matchLabels: { version: v1 } } }"),
  );
  expect(found(text)).toEqual([
    "mesh.yaml:3:19: MS1003 PeerAuthentication default/b: is not used for the namespace default: another is, which is older or before it by name",
    "mesh.yaml:13:19: MS1003 PeerAuthentication default/d: is not used for the workload reviews-v1.default: another is, which is older or before it by name",
  ]);
  expect(findings(text).map(({ notes }) => notes)).toEqual([
    ["mesh.yaml:8:19: the one that is used is PeerAuthentication default/a"],
    ["mesh.yaml:18:19: the one that is used is PeerAuthentication default/c"],
  ]);
});

test("a port that does not say what it speaks", () => {
  const service = `apiVersion: v1
kind: Service
metadata: { name: a }
spec:
  ports:
    - { port: 80 }
    - { port: 81, name: web }
    - { port: 82, name: web, appProtocol: http }
    - { port: 83, name: tcp-web }
    - { port: 84, name: dns, protocol: UDP }`;
  const entry = networking(
    "ServiceEntry",
    "b",
    "  hosts: [b.example.com]\n  resolution: DNS\n  ports: [{ number: 85, name: web }, { number: 86, name: web, protocol: HTTP }]",
  );
  expect(found(both(service, entry))).toEqual([
    "mesh.yaml:6:7: MS1003 Service default/a: the port 80 does not say what it speaks, and is taken for HTTP",
    "mesh.yaml:7:7: MS1003 Service default/a: the port 81 does not say what it speaks, and is taken for HTTP",
    "mesh.yaml:18:11: MS1003 ServiceEntry default/b: the port 85 does not say what it speaks, and is taken for HTTP",
  ]);
});

test("BookInfo has no conflicts, and its scenes have none but what they are for", async () => {
  expect(lines(conflicts(resourcesIn(await readFile("mesh/test/pilot/cases/bookinfo.yaml", "utf8"))))).toEqual([]);
  const scenes = new Map<string, string[]>();
  for (const name of await caseNames()) {
    const own = lines(conflicts(resourcesIn(await readCase(name))));
    if (own.length > 0)
      scenes.set(
        name,
        own.map((line) => line.replace(/^\S+ MS1003 /, "")),
      );
  }
  const nobody = "HTTPRoute default/filters: there is no service nobody.default.svc.cluster.local: requests to it are answered with 500";
  const own = (gateway: string, secret: string) =>
    `Gateway ${gateway}: there is no certificate in a Secret ${secret}: the gateway has one of the mesh's own authority`;
  const edge = ["simple", "mutual", "optional", "other", "simple"].map((name) => own("default/edge", `default/${name}`));
  expect(Object.fromEntries(scenes)).toEqual({
    "gateway-api-rules": [
      nobody,
      nobody,
      "HTTPRoute default/filters: no ReferenceGrant in vault lets it refer to hidden: requests to it are answered with 500",
    ],
    "gateway-tls": edge,
    ingress: [own("default/bookinfo", "istio-system/bookinfo-certificate")],
    "header-match": [
      'VirtualService default/reviews: spec.http[0].rewrite.uri takes the place of the first "/" only, for no `uri` is matched: /a becomes /preview/reviewsa',
    ],
  });
});
