import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { standardMetrics } from "../../filters/metrics/config.ts";
import { extraStatTags } from "../../filters/metrics/stat-tags.ts";
import { eventually } from "../../harness/expect/index.ts";
import { type Sample, samplesOf } from "../../harness/index.ts";
import { needsOf } from "./promql.ts";
import { alertQueries, grafana, panelQueries, rules, withVariables } from "./queries.ts";
import { SENT, openStage } from "./stage.ts";

/** What Prometheus itself makes. */
const OF_PROMETHEUS = { up: ["job", "instance"] };
const ITS_LABELS = ["instance", "job", "le", "__name__"];

const queries = [...(await panelQueries()), ...(await alertQueries())];

/** What a real Envoy emits: labels by name. */
const emitted = new Map<string, Set<string>>();
const emit = (name: string, labels: readonly string[]) => emitted.set(name, new Set([...(emitted.get(name) ?? []), ...labels]));

beforeAll(async () => {
  await using envoy = await openStage();
  const samples = await eventually<Sample[]>(
    async () => {
      const found = samplesOf(await envoy.prometheus());
      const value = (metric: string) => found.filter(({ name }) => name === metric).reduce((sum, one) => sum + one.value, 0);
      expect([value("istio_requests_total"), value("istio_request_duration_milliseconds_count")]).toEqual([SENT, SENT]);
      expect(value("meshscript_tracing_spans_exported_total")).toBe(SENT);
      expect([value("istio_tcp_connections_closed_total"), value("istio_request_messages_total")]).toEqual([1, 1]);
      return found;
    },
    { timeout: 10_000 },
  );
  for (const { name, labels } of samples) emit(name, Object.keys(labels));
  for (const [name, labels] of Object.entries(OF_PROMETHEUS)) emit(name, labels);
});

const matching = (name: string | RegExp) => [...emitted.keys()].filter((one) => (typeof name === "string" ? one === name : name.test(one)));

describe("what the dashboard and the alerts ask for", () => {
  test.each(queries)("is emitted by an Envoy with the filters: $name", ({ expr, legend }) => {
    const { selectors, groupings, made } = needsOf(withVariables(expr));
    expect(selectors.length).toBeGreaterThan(0);
    const known = [...ITS_LABELS, ...made];
    const all = new Set(known);
    for (const { name, labels } of selectors) {
      const found = matching(name);
      expect(found, `nothing is called ${String(name)}`).not.toEqual([]);
      const has = new Set([...known, ...found.flatMap((one) => [...(emitted.get(one) ?? [])])]);
      for (const label of has) all.add(label);
      expect(
        labels.filter((label) => !has.has(label)),
        `${String(name)} has no such label`,
      ).toEqual([]);
    }
    expect(
      [...groupings, ...legend].filter((label) => !all.has(label)),
      "no series has such a label",
    ).toEqual([]);
  });

  test("has all of its labels: none is left in a metric's name", () => {
    expect([...emitted.keys()].filter((name) => name.includes("___"))).toEqual([]);
  });

  test("is what there is: every one of Istio's metrics is in a panel", () => {
    const asked = queries.flatMap(({ expr }) => needsOf(expr).selectors.map(({ name }) => name)).filter((name) => typeof name === "string");
    const family = (name: string) => name.replace(/_(bucket|sum|count)$/, "");
    const shown = new Set(asked.map(family));
    const istios = [...emitted.keys()].filter((name) => name.startsWith("istio_")).map(family);
    expect([...new Set(istios)].sort()).toEqual([...standardMetrics].sort());
    expect(istios.filter((name) => !shown.has(name))).toEqual([]);
  });
});

describe("grafana.json", () => {
  test("asks only for variables that it has, of whichever data source is chosen", async () => {
    const { templating, panels } = await grafana();
    const variables = templating.list.map(({ name }) => name);
    expect(variables).toEqual(["datasource", "reporter", "namespace", "workload"]);
    const used = [...JSON.stringify(panels).matchAll(/\$([A-Za-z]\w*)/g)].map(([, name = ""]) => name);
    expect([...new Set(used)].filter((name) => !variables.includes(name))).toEqual([]);
  });

  test("has a place of its own for each panel", async () => {
    const { panels } = await grafana();
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });
});

describe("alerts.yaml", () => {
  test("tells of each alert how bad it is, what it means and what to do", async () => {
    for (const { alert, labels, annotations } of await rules()) {
      expect([alert, labels["severity"]]).toEqual([alert, expect.stringMatching(/^(critical|warning|info)$/)]);
      expect([alert, Object.keys(annotations)]).toEqual([alert, ["summary", "description", "action"]]);
    }
  });

  test("has a test of promtool's in which each alert fires", async () => {
    const text = await readFile("dashboards/alerts.test.yaml", "utf8");
    const fires = ({ alert }: { alert: string }) => text.includes(`ALERTS{alertname="${alert}", alertstate="firing"`);
    expect((await rules()).filter((rule) => !fires(rule)).map(({ alert }) => alert)).toEqual([]);
  });
});

describe("README.md", () => {
  test("tells Istio of every label, as extraStatTags() has them", async () => {
    const [, snippet = ""] = /```yaml\n(meshConfig:\n.*?)```/s.exec(await readFile("dashboards/README.md", "utf8")) ?? [];
    expect(parse(snippet)).toEqual({ meshConfig: { defaultConfig: { extraStatTags: extraStatTags() } } });
  });

  test("says of every metric that is asked for where it comes from", async () => {
    const readme = await readFile("dashboards/README.md", "utf8");
    const told = [...readme.matchAll(/`([a-z_\d]+(?:\{[a-z_,]+\}[a-z_]*)?)`/g)].flatMap(([, name = ""]) => expanded(name));
    const asked = queries.flatMap(({ expr }) => needsOf(expr).selectors.map(({ name }) => name)).filter((name) => typeof name === "string");
    const missing = asked.map((name) => name.replace(/_(bucket|sum|count)$/, "")).filter((name) => !told.includes(name));
    expect([...new Set(missing)]).toEqual([]);
  });
});

/** `a_{b,c}_d` is two names. */
function expanded(name: string): string[] {
  const [, before = "", choices, after = ""] = /^(.*)\{(.*)\}(.*)$/.exec(name) ?? [];
  return choices === undefined ? [name] : choices.split(",").map((choice) => before + choice + after);
}
