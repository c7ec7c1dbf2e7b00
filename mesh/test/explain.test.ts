import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Explanation, type RunningMesh, echo, openMesh } from "../run/index.ts";

const WORKLOADS = ["web", "reviews-v1", "reviews-v2"]
  .map((name) => {
    const [app, version = "v1"] = name.split("-");
    return `---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec: { template: { metadata: { labels: { app: ${app}, version: ${version} } } } }
`;
  })
  .join("");
const SERVICES = ["web", "reviews"]
  .map(
    (name) => `---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: ${name} }, ports: [{ name: http, port: 9080 }] }
`,
  )
  .join("");
const RULES = `---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews }
spec:
  host: reviews
  subsets:
    - { name: v1, labels: { version: v1 } }
    - { name: v2, labels: { version: v2 } }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec:
  hosts: [reviews]
  http:
    - match:
        - uri: { exact: /closed }
        - headers: { end-user: { exact: jason } }
      route: [{ destination: { host: reviews, subset: v2 } }]
    - match: [{ uri: { prefix: /broken } }]
      fault: { abort: { percentage: { value: 100 }, httpStatus: 418 } }
      route: [{ destination: { host: reviews, subset: v1 } }]
    - route: [{ destination: { host: reviews, subset: v1 } }]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: reviews-viewer }
spec:
  selector: { matchLabels: { app: reviews, version: v2 } }
  rules:
    - to: [{ operation: { methods: [HEAD] } }]
    - to: [{ operation: { methods: [GET] } }]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: closed }
spec:
  action: DENY
  rules: [{ to: [{ operation: { paths: [/closed] } }] }]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: shop }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: shop }
spec:
  hosts: ["*"]
  gateways: [shop]
  http: [{ route: [{ destination: { host: web } }] }]
`;
const YAML = WORKLOADS + SERVICES + RULES;
const URL = "http://reviews:9080/reviews/1";

/** The line of YAML that has a text, from the n-th of them. */
const lineOf = (text: string, nth = 1) =>
  YAML.split("\n")
    .map((line, i) => (line.includes(text) ? i + 1 : 0))
    .filter((line) => line > 0)[nth - 1];

let mesh: RunningMesh;
beforeAll(async () => {
  mesh = await openMesh({ resources: YAML });
});
afterAll(() => mesh.stop());

const ways = ({ hops }: Explanation) => hops.map(({ proxy, direction }) => `${proxy} ${direction}`);

describe("explain", () => {
  test("tells of each proxy which rule, subset and policy decided, with file and line", async () => {
    const found = await mesh.from("web").explain({ url: URL, headers: { "end-user": "jason" } });
    expect(found.response.status).toBe(200);
    expect(ways(found)).toEqual(["web.default outbound", "reviews-v2.default inbound"]);
    const [out, into] = found.hops;
    expect(out).toMatchObject({
      request: { method: "GET", authority: "reviews:9080", path: "/reviews/1" },
      rule: { resource: "VirtualService default/reviews", part: "http[0].match[1]", location: { line: lineOf("jason") } },
      service: { host: "reviews.default.svc.cluster.local", port: 9080, subset: "v2" },
      destinationRule: { resource: "DestinationRule default/reviews", part: "subsets[1]", location: { line: lineOf("name: v2") } },
      endpoint: "reviews-v2.default",
      status: 200,
      details: "via_upstream",
    });
    expect(out?.verdict).toBeUndefined();
    expect(into).toMatchObject({
      caller: "spiffe://cluster.local/ns/default/sa/default",
      verdict: { allowed: true, by: [{ resource: "AuthorizationPolicy default/reviews-viewer", part: "rules[1]" }] },
    });
    expect(into?.verdict?.by[0]?.location.line).toBe(lineOf("methods: [GET]"));
    expect(into?.rule).toBeUndefined();
  });

  test("names who refuses: the rule that denies, or those of which none allows", async () => {
    const denied = await mesh.from("web").explain({ url: "http://reviews:9080/closed" });
    expect(denied.response.status).toBe(403);
    expect(denied.hops[1]?.verdict).toMatchObject({
      allowed: false,
      by: [{ resource: "AuthorizationPolicy default/closed", part: "rules[0]" }],
    });
    expect(denied.hops[1]?.endpoint).toBeUndefined();
    const post = await mesh.from("web").explain({ url: URL, method: "POST", headers: { "end-user": "jason" } });
    expect(post.hops[1]?.verdict).toMatchObject({ allowed: false, by: [{ resource: "AuthorizationPolicy default/reviews-viewer" }] });
    expect(`${post}`).toContain("policy    denied: no rule allows it of AuthorizationPolicy default/reviews-viewer");
  });

  test("names the rule that answers by itself, and says that nobody was asked", async () => {
    const { hops, response } = await mesh.from("web").explain({ url: "http://reviews:9080/broken" });
    expect(response.status).toBe(418);
    expect(hops).toHaveLength(1);
    expect(hops[0]).toMatchObject({ rule: { part: "http[1].match[0]" }, details: "fault_filter_abort", flags: "FI" });
    expect(hops[0]?.endpoint).toBeUndefined();
  });

  test("follows a request from the gateway through what the application does because of it", async () => {
    mesh.workload("web").respond(async ({ headers }) => {
      const id = Object.fromEntries(headers)["x-request-id"] ?? "";
      const { status } = await mesh.from("web").request({ url: URL, headers: { "x-request-id": id } });
      return { status };
    });
    // What is not of this request is left out.
    const [found] = await Promise.all([mesh.gateway().explain({ path: "/shop" }), mesh.gateway().request({ path: "/other" })]);
    expect(ways(found)).toEqual([
      "istio-ingressgateway.istio-system gateway",
      "web.default inbound",
      "web.default outbound",
      "reviews-v1.default inbound",
    ]);
    expect(found.hops.map(({ request }) => request.path)).toEqual(["/shop", "/shop", "/reviews/1", "/reviews/1"]);
    expect(found.hops[0]).toMatchObject({ rule: { resource: "VirtualService default/shop", part: "http[0]" }, endpoint: "web.default" });
    expect(found.hops[2]).toMatchObject({ rule: { part: "http[2]" }, endpoint: "reviews-v1.default" });
    mesh.workload("web").respond(echo("web"));
  });

  test("is readable as text", async () => {
    const found = await mesh.from("web").explain({ url: URL });
    expect(`${found}`).toBe(
      [
        "web.default, outbound: GET reviews:9080/reviews/1",
        `  rule      VirtualService default/reviews http[2] (resources:${lineOf("- route:")}:7)`,
        "  service   reviews.default.svc.cluster.local:9080, subset v1",
        `            DestinationRule default/reviews subsets[0] (resources:${lineOf("name: v1")}:7)`,
        "  endpoint  reviews-v1.default",
        "  answer    200 via_upstream",
        "",
        "reviews-v1.default, inbound: GET reviews:9080/reviews/1",
        "  caller    spiffe://cluster.local/ns/default/sa/default",
        "  policy    allowed: no policy speaks of it",
        `  endpoint  ${found.hops[1]?.endpoint}`,
        "  answer    200 via_upstream",
      ].join("\n"),
    );
  });

  test("knows HTTPRoutes, the rules of a mesh that has changed, and hosts of which no rule speaks", async () => {
    const route = `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: to-web }
spec:
  parentRefs: [{ group: "", kind: Service, name: web }]
  rules:
    - matches: [{ path: { value: /a } }, { path: { value: /b } }]
      backendRefs: [{ name: web, port: 9080 }]
`;
    await mesh.apply(WORKLOADS + SERVICES + route);
    const found = await mesh.from("reviews-v1").explain({ url: "http://web:9080/b" });
    expect(found.hops[0]?.rule).toMatchObject({ resource: "HTTPRoute default/to-web", part: "rules[0].matches[1]" });
    const plain = await mesh.from("web").explain({ url: URL });
    expect(plain.hops[0]?.rule).toBeUndefined();
    expect(`${plain}`).toContain("rule      none: as the service is");
    expect(plain.hops[1]?.verdict).toBeUndefined();
  });
});
