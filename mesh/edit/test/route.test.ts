import { describe, expect, test } from "vitest";
import { Mesh } from "../../model/mesh.ts";
import { delegatesOf } from "../../model/virtual-services.ts";
import type { Resource } from "../../resources/resource.ts";
import type { VirtualService } from "../../resources/types/index.ts";
import { checkSubsets, split } from "../destinations.ts";
import { parsed } from "../resource-file.ts";
import { described, placeOf, routeTo } from "../route.ts";
import { hostMeant } from "../service-name.ts";

function meshOf(text: string) {
  const { resources } = parsed(text, "mesh.yaml");
  const services = resources.filter(({ kind }) => kind === "VirtualService") as unknown as Resource<VirtualService>[];
  return { mesh: new Mesh(resources), delegates: delegatesOf(services) };
}

const virtualService = (name: string, spec: string, namespace = "default") => `
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name}, namespace: ${namespace} }
spec: ${spec}`;

const to = (host: string, subset = "v1") => `{ route: [{ destination: { host: ${host}, subset: ${subset} } }] }`;

function chosen(
  text: string,
  { service = "reviews", namespace = "default", route }: { service?: string; namespace?: string; route?: string } = {},
) {
  const parts = meshOf(text);
  const found = routeTo(hostMeant(service, namespace, parts.mesh), { ...parts, namespace, route });
  return [described(found), found.why, ...found.others];
}

describe("the route of a service", () => {
  test("is that of the VirtualService that its callers heed: of their namespace, of the narrowest host", () => {
    const text = [
      virtualService("everything", `{ hosts: ["*.svc.cluster.local"], http: [${to("reviews.default.svc.cluster.local")}] }`),
      virtualService("reviews", `{ hosts: [reviews], http: [${to("reviews")}] }`),
      virtualService(
        "ours",
        `{ hosts: [reviews.default.svc.cluster.local], exportTo: ["."], http: [${to("reviews.default.svc.cluster.local")}] }`,
        "shop",
      ),
    ].join("");
    expect(chosen(text)[0]).toBe("VirtualService default/reviews, http[0]");
    expect(chosen(text, { service: "reviews.default", namespace: "shop" })[0]).toBe("VirtualService shop/ours, http[0]");
    expect(chosen(text, { service: "reviews.default.svc.cluster.local", namespace: "other" })[0]).toBe(
      "VirtualService default/reviews, http[0]",
    );
    expect(() => chosen(text, { namespace: "other" })).toThrow(
      /MS1102: VirtualService default\/everything has no http route to reviews\.other\.svc/,
    );
  });

  test("is the one without a match, or the last, or the one with a name; others are told", () => {
    const match = (name: string) => `{ name: ${name}, match: [{ uri: { prefix: /${name} } }], ${to("reviews").slice(2)}`;
    const text = virtualService(
      "reviews",
      `{ hosts: [reviews], http: [${match("a")}, ${to("reviews")}, ${match("b")}, ${to("ratings")}] }`,
    );
    expect(chosen(text)).toEqual([
      "VirtualService default/reviews, http[1]",
      "the route without a match",
      "mesh.yaml:6 VirtualService default/reviews, http[0] (a)",
      "mesh.yaml:6 VirtualService default/reviews, http[2] (b)",
    ]);
    expect(chosen(text, { route: "a" }).slice(0, 2)).toEqual(["VirtualService default/reviews, http[0] (a)", "as --route says"]);
    expect(() => chosen(text, { route: "c" })).toThrow(
      /no http route to reviews\.default\.svc\.cluster\.local .* has the name "c"\nhelp: their names: a, b/,
    );
    const last = virtualService("reviews", `{ hosts: [reviews], http: [${match("a")}, ${match("b")}, ${to("ratings")}] }`);
    expect(chosen(last).slice(0, 2)).toEqual(["VirtualService default/reviews, http[1] (b)", "the last route"]);
  });

  test("of a service that only a gateway leads to is the gateway's", () => {
    const text = virtualService("front", `{ hosts: [shop.example.com], gateways: [shop], http: [${to("web")}, ${to("reviews")}] }`);
    expect(chosen(text, { service: "web" })[0]).toBe("VirtualService default/front, http[0]");
    expect(() => chosen(text, { service: "shop.example.com" })).toThrow(
      /has no http route to shop\.example\.com\nhelp: .* or name whom it leads to: web, reviews/,
    );
    const two = text + virtualService("back", `{ hosts: [back.example.com], gateways: [shop], http: [${to("web")}] }`);
    expect(() => chosen(two, { service: "web" })).toThrow(
      /several VirtualServices lead to web\.default.*\n.*mesh\.yaml:\d+ VirtualService default\/back for back\.example\.com/,
    );
  });

  test("is none of the Gateway API's, which know no subsets", () => {
    const text = `
apiVersion: v1
kind: Service
metadata: { name: reviews }
spec: { ports: [{ name: http, port: 9080 }], selector: { app: reviews } }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: canary }
spec:
  parentRefs: [{ group: "", kind: Service, name: reviews }]
  rules: [{ backendRefs: [{ name: reviews, port: 9080 }] }]`;
    expect(() => chosen(text)).toThrow(
      /mesh\.yaml:7:1: MS1102: HTTPRoute default\/canary decides of reviews\.default\.svc.*knows no subsets/,
    );
  });

  test("without one it says what to write", () => {
    expect(() => chosen("a: 1")).toThrow(
      /no VirtualService has the host reviews\.default\.svc\.cluster\.local, and none leads there\nhelp: write one with `hosts/,
    );
  });

  test("is found at its line", () => {
    const parts = meshOf(
      `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: { name: a }\nspec:\n  hosts: [a]\n  http:\n    - route:\n        - destination: { host: a }\n`,
    );
    expect(placeOf(routeTo("a.default.svc.cluster.local", { ...parts, namespace: "default" }))).toBe("mesh.yaml:7");
  });
});

describe("subsets", () => {
  const rule = `
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews }
spec:
  host: reviews
  subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }]`;
  const host = "reviews.default.svc.cluster.local";

  test("are those of the DestinationRule", () => {
    const { mesh } = meshOf(rule);
    expect(() => checkSubsets(["v1", "v2"], host, mesh, "default")).not.toThrow();
    expect(() => checkSubsets(["v1", "v4"], host, mesh, "default")).toThrow(
      /mesh\.yaml:8:3: MS1103: .* has no subset "v4"\nhelp: there are: v1, v2/,
    );
    expect(() => checkSubsets(["v1"], "ratings.default.svc.cluster.local", mesh, "default")).toThrow(
      /no DestinationRule has that host\nhelp: write/,
    );
  });

  test("a split gives the weights that are named, and nothing to anybody else", () => {
    const text = virtualService(
      "reviews",
      "{ hosts: [reviews], http: [{ route: [{ destination: { host: reviews, subset: v1 } }, { destination: { host: other }, weight: 3 }] }] }",
    );
    const parts = meshOf(text);
    const found = routeTo(host, { ...parts, namespace: "default" });
    expect(
      split(
        found,
        host,
        new Map([
          ["v2", 10],
          ["v1", 90],
        ]),
      ),
    ).toEqual({
      destinations: [
        { host, subset: "v1", weight: 90 },
        { host: "other.default.svc.cluster.local", subset: "", weight: 0 },
        { host, subset: "v2", weight: 10 },
      ],
      present: 2,
    });
  });
});
