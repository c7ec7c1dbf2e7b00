// peer-metadata and metrics in one chain: the labels of both sides are full, as in a mesh of Istio's.
import { describe, expect, test } from "vitest";
import { type MetricsConfig, standardLabels } from "../filters/metrics/config.ts";
import { type Labels, counted, metricsModule } from "../filters/metrics/test/support.ts";
import { METADATA, header } from "../filters/peer-metadata/test/struct.ts";
import { peerMetadataModule } from "../filters/peer-metadata/test/support.ts";
import { eventually, onBothHosts } from "../harness/expect/index.ts";
import { type Target, cluster, openEnvoy, route } from "../harness/index.ts";
import { twoIdentities } from "./support/two-identities.ts";

const { server, client } = await twoIdentities();
const [metrics, peerMetadata] = await Promise.all([metricsModule(), peerMetadataModule()]);
type Workload = NonNullable<MetricsConfig["workload"]>;
const chain = (direction: "inbound" | "outbound", workload: Workload, trust: "always" | "mutualTls", more: MetricsConfig = {}) => [
  { name: "peer-metadata", wasm: peerMetadata, config: { direction, workload, trust } },
  {
    name: "metrics",
    wasm: metrics,
    config: { reporter: direction === "inbound" ? "destination" : "source", workload, peerMetadata: true, ...more } satisfies MetricsConfig,
  },
];

const productpage: Workload = {
  ...{ name: "productpage-v1", namespace: "shop", app: "productpage", version: "v1", cluster: "c1" },
  ...{ canonicalService: "productpage", canonicalRevision: "r1" },
};
const reviews: Workload = {
  ...{ name: "reviews-v2", namespace: "default", app: "reviews", version: "v2", cluster: "c2" },
  ...{ canonicalService: "reviews", canonicalRevision: "r2" },
};
/** Labels of a workload on one side. */
const labelsOf = (side: "source" | "destination", workload: Workload): Labels => ({
  [`${side}_workload`]: workload.name ?? "unknown",
  [`${side}_workload_namespace`]: workload.namespace ?? "unknown",
  [`${side}_app`]: workload.app ?? "unknown",
  [`${side}_version`]: workload.version ?? "unknown",
  [`${side}_canonical_service`]: workload.canonicalService ?? "unknown",
  [`${side}_canonical_revision`]: workload.canonicalRevision ?? "latest",
  [`${side}_cluster`]: workload.cluster ?? "unknown",
});
const only = async (target: Target) => (await counted(target, 1))[0]?.labels ?? {};

onBothHosts((open) => {
  test("the destination's labels have the caller's workload", async () => {
    const target = await open({ filters: chain("inbound", reviews, "always"), upstreams: { app: {} } });
    await target.request({ headers: { [METADATA]: header(productpage) } });

    const labels = await only(target);
    expect(labels).toMatchObject({ ...labelsOf("source", productpage), ...labelsOf("destination", reviews) });
    expect(Object.keys(labels)).toEqual([...standardLabels]);
    expect(target.upstream("app").requests[0]?.header(METADATA)).toBeUndefined();
  });

  test("the source's labels have the callee's workload", async () => {
    const target = await open({
      filters: chain("outbound", productpage, "always"),
      upstreams: { app: { respond: { headers: { [METADATA]: header(reviews) } } } },
    });
    const answer = await target.request();

    expect(await only(target)).toMatchObject({ ...labelsOf("source", productpage), ...labelsOf("destination", reviews) });
    expect(answer.header(METADATA)).toBeUndefined();
  });

  test("callers have series of their own, and who says nothing is not who came before", async () => {
    const target = await open({ filters: chain("inbound", reviews, "always"), upstreams: { app: {} } });
    const callers: (Workload | undefined)[] = [productpage, { ...productpage, version: "v2" }, undefined, productpage, { name: "cron" }];
    for (const caller of callers) await target.request({ headers: caller ? { [METADATA]: header(caller) } : {} });
    const all = await counted(target, callers.length);

    expect(
      all
        .map(
          ({ labels, count }) =>
            `${labels["source_workload"]} ${labels["source_version"]} ${labels["source_canonical_revision"]} ${labels["source_workload_namespace"]}: ${count}`,
        )
        .sort(),
    ).toEqual([
      "cron unknown latest unknown: 1",
      "productpage-v1 v1 r1 shop: 2",
      "productpage-v1 v2 r1 shop: 1",
      "unknown unknown latest unknown: 1",
    ]);
  });

  test("callers who are not believed have no labels, whatever they write", async () => {
    const target = await open({ filters: chain("inbound", reviews, "mutualTls"), upstreams: { app: {} } });
    await target.request({ headers: { [METADATA]: header(productpage) } });

    expect(await only(target)).toMatchObject({ ...labelsOf("source", {}), ...labelsOf("destination", reviews) });
  });

  test("invented workloads make no more series than there may be", async () => {
    const target = await open({ filters: chain("inbound", reviews, "always", { maxSeries: 10 }), upstreams: { app: {} } });
    for (let n = 0; n < 60; n++) await target.request({ headers: { [METADATA]: header({ name: `invented-${n}` }) } });
    const all = await counted(target, 60);

    expect(all).toHaveLength(11);
    expect(all.find(({ labels }) => labels["source_workload"] === "__overflow__")?.count).toBe(50);
    expect(await target.stat("wasmcustom.meshscript_metrics_series_overflow_total")).toBe(50);
  });

  test.each([false, undefined])("with peerMetadata %s nobody asks for it", async (asked) => {
    const more = asked === undefined ? {} : { peerMetadata: asked };
    const [first, second] = chain("inbound", reviews, "always");
    const { peerMetadata: _, ...config } = (second?.config ?? {}) as MetricsConfig;
    const target = await open({ filters: [first, { ...second, config: { ...config, ...more } }] as never, upstreams: { app: {} } });
    await target.request({ headers: { [METADATA]: header(productpage) } });

    expect(await only(target)).toMatchObject(labelsOf("source", {}));
  });
});

describe("two Envoys with mutual TLS", () => {
  test("say the same of a request, but for who reports it and who sees the connection", async () => {
    const service = "reviews.default.svc.cluster.local";
    const name = `outbound|9080||${service}`;
    await using inbound = await openEnvoy({
      filters: chain("inbound", reviews, "mutualTls", { service }),
      tls: { identity: server },
      upstreams: { app: {} },
    });
    await using outbound = await openEnvoy({
      filters: chain("outbound", productpage, "mutualTls"),
      clusters: [cluster({ name, endpoints: [inbound.address()], tls: { identity: client } })],
      routes: [route(name)],
    });
    expect((await outbound.request()).status).toBe(200);
    const { reporter: source, connection_security_policy: seen, ...atSource } = await eventually(() => only(outbound));
    const { reporter: destination, connection_security_policy: known, ...atDestination } = await only(inbound);

    expect(atSource).toEqual(atDestination);
    expect(atSource).toMatchObject({
      ...{ ...labelsOf("source", productpage), ...labelsOf("destination", reviews) },
      source_principal: "spiffe://cluster.local/ns/shop/sa/productpage",
      destination_principal: "spiffe://cluster.local/ns/default/sa/reviews",
      ...{ destination_service: service, destination_service_name: "reviews", destination_service_namespace: "default" },
    });
    expect([source, seen, destination, known]).toEqual(["source", "unknown", "destination", "mutual_tls"]);
    expect(Object.values(atSource)).not.toContain("unknown");
  });
});
