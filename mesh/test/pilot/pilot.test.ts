import { afterAll, describe, expect, test } from "vitest";
import { caseNames, readCase } from "./cases.ts";
import { type Config, type Request, type Resource, openPilot } from "./pilot.ts";
import { workloadsOf } from "./workloads.ts";

const pilot = await openPilot();
afterAll(async () => {
  if (!("skipped" in pilot)) await pilot[Symbol.asyncDispose]();
});

async function ask(request: Request) {
  if ("skipped" in pilot) throw new Error(pilot.skipped);
  return pilot.ask(request);
}

/** Every proxy of a scene. */
async function scene(name: string, more = ""): Promise<Request> {
  const yaml = `${await readCase(name)}\n---\n${more}`;
  return { yaml, ...workloadsOf(yaml) };
}

async function configs(name: string): Promise<Record<string, Config>> {
  const answer = await ask(await scene(name));
  if (answer.proxies === undefined) throw new Error(answer.error);
  return answer.proxies;
}

const names = (resources: readonly Resource[] = []) => resources.map((one) => one["name"] ?? one["cluster_name"]);
const inFull = (resources: readonly Resource[] | undefined, name: string) =>
  JSON.stringify(resources?.find((one) => (one["name"] ?? one["cluster_name"]) === name) ?? null);

describe.skipIf("skipped" in pilot)("Pilot", () => {
  test("gives the sidecars of BookInfo what a cluster does", async () => {
    const { "reviews-v1": reviews } = await configs("all-to-v1");
    expect(names(reviews?.clusters)).toEqual(
      expect.arrayContaining(["outbound|9080|v1|reviews.default.svc.cluster.local", "inbound|9080||", "PassthroughCluster"]),
    );
    expect(names(reviews?.listeners)).toEqual(["0.0.0.0_9080", "virtualInbound", "virtualOutbound"]);
    expect(names(reviews?.routes)).toEqual(["9080"]);
    const all = inFull(reviews?.endpoints, "outbound|9080||reviews.default.svc.cluster.local");
    for (const address of ["10.0.0.3", "10.0.0.4", "10.0.0.5"]) expect(all).toContain(`"address":"${address}"`);
    const first = inFull(reviews?.endpoints, "outbound|9080|v1|reviews.default.svc.cluster.local");
    expect([first.includes("10.0.0.3"), first.includes("10.0.0.4")]).toEqual([true, false]);
    expect(first).toContain(`"tlsMode":"istio"`);
    const cluster = inFull(reviews?.clusters, "outbound|9080||details.default.svc.cluster.local");
    expect(cluster).toContain("spiffe://cluster.local/ns/default/sa/bookinfo-details");
  });

  test("gives a gateway what the Gateways that select it say", async () => {
    const { "istio-ingressgateway": router, "reviews-v1": sidecar } = await configs("ingress");
    expect(names(router?.listeners)).toEqual(["0.0.0.0_8080", "0.0.0.0_8443"]);
    expect(names(router?.routes)).toEqual(["http.8080", "https.443.https.bookinfo.default"]);
    expect(inFull(router?.routes, "http.8080")).toContain("outbound|9080||productpage.default.svc.cluster.local");
    expect(JSON.stringify(sidecar?.routes)).not.toContain("bookinfo.example.com");
  });

  test("reads the Gateway API", async () => {
    const { "bookinfo-istio": router, "productpage-v1": sidecar } = await configs("gateway-api");
    expect(names(router?.listeners)).toEqual(["0.0.0.0_80"]);
    expect(inFull(router?.routes, "http.80")).toContain("bookinfo.example.com");
    expect(inFull(sidecar?.routes, "9080")).toContain(`"weighted_clusters"`);
  });

  test("knows places and named ports", async () => {
    const { "stock-here": here } = await configs("locality-failover");
    const endpoints = here?.endpoints.find((one) => one["cluster_name"] === "outbound|80||stock.default.svc.cluster.local");
    const localities = endpoints?.["endpoints"] as {
      locality: { region: string; zone: string };
      priority?: number;
      lb_endpoints: unknown[];
    }[];
    expect(localities.map(({ locality, priority = 0 }) => [locality.zone, priority]).sort()).toEqual([
      ["asia-a", 3],
      ["eu-a", 0],
      ["eu-b", 1],
      ["us-a", 2],
    ]);
    expect(JSON.stringify(localities)).toContain(`"port_value":8080`);
  });

  test("takes a MeshConfig over Istio's defaults", async () => {
    const request = await scene("bookinfo");
    const { proxies } = await ask({ ...request, meshConfig: "outboundTrafficPolicy:\n  mode: REGISTRY_ONLY\n" });
    expect(inFull(proxies?.["reviews-v1"]?.listeners, "virtualOutbound")).not.toContain("PassthroughCluster");
    expect((await ask({ ...request, meshConfig: "ingressControllerMode: NONSENSE" })).error).toMatch(/^meshConfig: .*NONSENSE/s);
  });

  test("answers with the reason why Istio refuses something, and goes on", async () => {
    const broken = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: broken }
spec: { hosts: [reviews], http: [{ timeout: 1s }] }`;
    expect((await ask(await scene("bookinfo", broken))).error).toMatch(/^VirtualService broken: .*route/);
    expect((await ask(await scene("bookinfo", "kind: VirtualService\napiVersion: networking.istio.io/v1\nspec: 5"))).error).toBeDefined();
    expect((await ask(await scene("bookinfo", "{"))).error).toBeDefined();
    expect((await ask({ ...(await scene("bookinfo")), proxies: [{ id: "nobody", type: "sidecar" }] })).error).toContain("nobody");
    expect((await ask(await scene("bookinfo"))).error).toBeUndefined();
  });

  test("answers the same to the same, whatever was asked before", async () => {
    const [first, , second] = await Promise.all(["all-to-v1", "tcp", "all-to-v1"].map(async (name) => ask(await scene(name))));
    expect(JSON.stringify(second)).toBe(JSON.stringify(first));
  });

  test("takes every scene", async () => {
    for (const name of await caseNames()) {
      const answer = await ask(await scene(name));
      expect([name, answer.error]).toEqual([name, undefined]);
      for (const config of Object.values(answer.proxies ?? {})) expect(config.listeners.length).toBeGreaterThan(0);
    }
  });
});
