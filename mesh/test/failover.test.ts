import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../harness/expect/index.ts";
import { type Echo, type RunningMesh, echo, openMesh } from "../run/index.ts";

let mesh: RunningMesh;
beforeAll(async () => {
  mesh = await openMesh({ resources: regions("{}") });
});
afterAll(() => mesh.stop());

const who = async () => {
  const answer = await mesh.from("client").request({ url: "http://stock/" });
  return answer.status === 200 ? (answer.json() as Echo).workload : answer.status;
};

/** Who answered so many requests. */
const all = async (count: number) => new Set(await Promise.all(Array.from({ length: count }, who)));

describe("a service in two regions", () => {
  test("is answered by the client's own region as long as it can, then by the other, and again by the own", async () => {
    expect(await all(20)).toEqual(new Set(["stock-near"]));
    mesh.workload("stock-near").respond(() => ({ status: 503 }));
    await eventually(async () => expect(await all(5)).toEqual(new Set(["stock-far"])));
    expect(
      await mesh.envoy("client").stat("cluster.outbound|80||stock.default.svc.cluster.local;.outlier_detection.ejections_active"),
    ).toBe(1);
    mesh.workload("stock-near").respond(echo("stock-near"));
    // When its time is over.
    await eventually(async () => expect(await all(5)).toEqual(new Set(["stock-near"])));
  });

  test("gets the shares that a rule distributes, whatever is near", async () => {
    await mesh.apply(regions("{ distribute: [{ from: eu/*, to: { us/*: 100 } }] }"));
    expect(await all(20)).toEqual(new Set(["stock-far"]));
    await mesh.apply(regions("{ distribute: [{ from: eu/*, to: { eu/*: 50, us/*: 50 } }] }"));
    expect(await all(60)).toEqual(new Set(["stock-near", "stock-far"]));
    await mesh.apply(regions("{ enabled: false }"));
    expect(await all(60)).toEqual(new Set(["stock-near", "stock-far"]));
  });
});

function regions(setting: string): string {
  const workload = (name: string, app: string, region: string) => `
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec: { template: { metadata: { labels: { app: ${app}, istio-locality: ${region}.a } } } }`;
  return `
apiVersion: v1
kind: Service
metadata: { name: stock }
spec: { selector: { app: stock }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: stock }
spec:
  host: stock
  trafficPolicy:
    outlierDetection: { consecutive5xxErrors: 2, interval: 0.1s, baseEjectionTime: 1s, maxEjectionPercent: 100 }
    loadBalancer: { simple: ROUND_ROBIN, localityLbSetting: ${setting} }${workload("client", "client", "eu")}${workload("stock-near", "stock", "eu")}${workload("stock-far", "stock", "us")}
`;
}
