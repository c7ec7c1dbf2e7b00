import type { Dashboard, Panel, RowPanel, VariableModel } from "@grafana/schema";
import type { PanelSpec, RowSpec } from "./rows.ts";

/** Of Grafana 12 and 13's classic model; older ones read it, too. */
const SCHEMA_VERSION = 42;
const COLUMNS = 3;
const WIDTH = 24 / COLUMNS;
const HEIGHT = 8;
/** Whichever Prometheus is chosen at the dashboard's top. */
const datasource = { type: "prometheus", uid: "$datasource" };

/** A list that Prometheus knows; `All` matches what is not in it, too. */
function query(name: string, label: string, metric: string): VariableModel {
  const all = { selected: true, text: ["All"], value: ["$__all"] };
  const values = `label_values(${metric}, ${label})`;
  return {
    ...{ name, label: label.replaceAll("_", " "), type: "query", datasource, query: { query: values, refId: name } },
    ...{ refresh: 2, sort: 1, multi: true, includeAll: true, allValue: ".*", current: all },
  };
}

const variables: VariableModel[] = [
  { name: "datasource", label: "data source", type: "datasource", query: "prometheus" },
  {
    ...{ name: "reporter", label: "counted by", type: "custom", query: "destination,source" },
    options: ["destination", "source"].map((value) => ({ text: value, value, selected: value === "destination" })),
    current: { text: "destination", value: "destination" },
  },
  query("namespace", "destination_workload_namespace", "istio_requests_total"),
  query("workload", "destination_workload", 'istio_requests_total{destination_workload_namespace=~"$namespace"}'),
];

/** The whole dashboard: rows of panels, from top to bottom. */
export function dashboard(rows: readonly RowSpec[]): Dashboard {
  const panels: (Panel | RowPanel)[] = [];
  let y = 0;
  for (const { title, panels: specs } of rows) {
    panels.push({ type: "row", title, id: panels.length + 1, collapsed: false, panels: [], gridPos: { x: 0, y, w: 24, h: 1 } });
    y += 1;
    specs.forEach((spec, i) => {
      const gridPos = { x: (i % COLUMNS) * WIDTH, y: y + Math.floor(i / COLUMNS) * HEIGHT, w: WIDTH, h: HEIGHT };
      panels.push({ ...panel(spec), id: panels.length + 1, gridPos });
    });
    y += Math.ceil(specs.length / COLUMNS) * HEIGHT;
  }
  return {
    title: "meshscript",
    uid: "meshscript",
    description: "A mesh whose Envoys run meshscript's filters. Generated: dashboards/src.",
    tags: ["envoy", "istio", "meshscript"],
    schemaVersion: SCHEMA_VERSION,
    editable: true,
    graphTooltip: 1,
    refresh: "10s",
    time: { from: "now-30m", to: "now" },
    timezone: "browser",
    templating: { list: variables },
    panels,
  };
}

function panel({ title, description, unit, queries }: PanelSpec): Panel {
  return {
    type: "timeseries",
    title,
    ...(description === undefined ? {} : { description }),
    datasource,
    targets: queries.map(({ expr, legend }, i) => ({ refId: String.fromCharCode(65 + i), datasource, expr, legendFormat: legend })),
    fieldConfig: { defaults: { unit, min: 0, custom: { fillOpacity: 8, lineWidth: 1, showPoints: "never" } }, overrides: [] },
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
  };
}
