import { dashboard } from "./grafana.ts";
import { rows } from "./rows.ts";

/** The text of dashboards/grafana.json. */
export const grafanaFile = () => `${JSON.stringify(dashboard(rows), null, 2)}\n`;
