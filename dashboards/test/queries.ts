import { readFile } from "node:fs/promises";
import { parse } from "yaml";

export interface NamedQuery {
  /** Where it is, for a person. */
  name: string;
  expr: string;
  /** What its legend shows. */
  legend: string[];
}

export interface Rule {
  alert: string;
  expr: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

interface Grafana {
  schemaVersion: number;
  templating: { list: { name: string; type: string; query?: string | { query: string } }[] };
  panels: {
    id: number;
    type: string;
    title: string;
    gridPos: Record<"x" | "y" | "w" | "h", number>;
    targets?: { expr: string; legendFormat: string }[];
  }[];
}

export const grafana = async () => JSON.parse(await readFile("dashboards/grafana.json", "utf8")) as Grafana;

export async function rules(): Promise<Rule[]> {
  const { groups } = parse(await readFile("dashboards/alerts.yaml", "utf8")) as { groups: { rules: Rule[] }[] };
  return groups.flatMap((group) => group.rules);
}

const labelsIn = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, label = ""]) => label);

/** Every query of a panel. */
export async function panelQueries(): Promise<NamedQuery[]> {
  const { panels } = await grafana();
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({ name: title, expr, legend: labelsIn(legendFormat, /\{\{(\w+)\}\}/g) })),
  );
}

/** Every query of an alert, and the labels that its texts speak of. */
export async function alertQueries(): Promise<NamedQuery[]> {
  return (await rules()).map(({ alert, expr, annotations }) => ({
    name: alert,
    expr,
    legend: labelsIn(Object.values(annotations).join("\n"), /\$labels\.(\w+)/g),
  }));
}

/** A panel's query as Grafana sends it, with everything chosen. */
export function withVariables(expr: string, range = "1m", reporter = "destination"): string {
  return expr
    .replaceAll("$__rate_interval", range)
    .replaceAll("$reporter", reporter)
    .replaceAll("$namespace", ".*")
    .replaceAll("$workload", ".*");
}
