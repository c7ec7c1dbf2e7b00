import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { eventually } from "../../../harness/expect/index.ts";
import { bootstrap, httpListener, openEnvoy } from "../../../harness/index.ts";
import { standardLabels } from "../config.ts";
import { extraStatTags, filterLabels, statsConfig, statsConfigOfAllFilters } from "../stat-tags.ts";
import { metricsModule } from "./support.ts";

test("envoy-configs/metrics.yaml has just these tags and buckets, with those of its own metric", async () => {
  const { stats_config } = parse(await readFile("envoy-configs/metrics.yaml", "utf8"));
  expect(stats_config).toEqual(statsConfig(["tenant", "path", "code"]));
});

test("a label that is asked for twice has one tag", () => {
  const names = statsConfig(["reporter", "tenant", "tenant"]).stats_tags.map(({ tag_name }) => tag_name);
  expect(names).toEqual([...standardLabels, "tenant"]);
  expect(extraStatTags(["limit", "tenant"])).toEqual([...standardLabels, ...filterLabels, "tenant"]);
});

/** Istio's bootstrap: tags that it always has, and one of this form for each of extraStatTags. */
const istioStatsConfig = (tags: readonly string[]) => ({
  use_all_default_tags: false,
  stats_tags: [
    ...tags.map((tag) => ({ tag_name: tag, regex: `(${tag}=\\.=(.*?);\\.;)` })),
    { tag_name: "cluster_name", regex: "^cluster\\.((.+?(\\..+?\\.svc\\.cluster\\.local)?)\\.)" },
    { tag_name: "tag", regex: "(tag\\.(.+?);\\.)" },
    { tag_name: "wasm_filter", regex: "(wasm_filter\\.(.+?)\\.)" },
    { tag_name: "cache", regex: "(cache\\.(.+?)\\.)" },
    { tag_name: "component", regex: "(component\\.(.+?)\\.)" },
    { tag_name: "response_code", regex: "(_rq(_(\\d{3})))$" },
    { tag_name: "response_code_class", regex: "(_rq(_(\\dxx)))$" },
  ],
});

describe.each([
  ["statsConfig", statsConfig(["tenant", "code"]), []],
  ["statsConfigOfAllFilters", statsConfigOfAllFilters(["tenant", "code"]), []],
  // Istio's form finds a label's name at the end of another's: `policy` of authz in connection_security_policy. It is one label more, and no harm.
  ["extraStatTags in a bootstrap as Istio's", istioStatsConfig(extraStatTags(["tenant", "code"])), ["code", "policy"]],
])("%s", (_name, stats_config, besides) => {
  test("gives Prometheus every label of Istio's, and those of a metric of the user's", async () => {
    const labels = { tenant: { header: "x-tenant" }, code: { standard: "response_code" } };
    const config = { metrics: [{ name: "orders_total", labels }] };
    const filters = [{ name: "metrics", wasm: await metricsModule(), config }];
    await using envoy = await openEnvoy({ config: bootstrap({ listeners: [httpListener({ filters })], bootstrap: { stats_config } }) });
    await envoy.request({ headers: { "x-tenant": "blue" } });
    await eventually(async () => expect(await envoy.prometheus()).toMatch(/^orders_total\{tenant="blue",code="200"\} 1$/m));
    const [line = ""] = /^istio_requests_total\{.*$/m.exec(await envoy.prometheus()) ?? [];
    expect([...line.matchAll(/(\w+)="/g)].map(([, name]) => name).sort()).toEqual([...standardLabels, ...besides].sort());
  });
});
