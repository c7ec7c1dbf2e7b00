import { existsSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { packageRoot } from "../harness/index.ts";
import type { Mesh } from "./mesh.ts";

/** Prometheus asks for this list again and again: a proxy's admin port is another one at each start. */
export const TARGETS = "/prometheus/targets";
export const CONFIG = "/prometheus/prometheus.yml";

/** All proxies in the form of `http_sd_configs`; `instance` is a name and no port, so that series stay the same. */
export function targetsOf(mesh: Mesh) {
  return [...mesh.envoys].map(([name, envoy]) => ({ targets: [new URL(envoy.adminUrl).host], labels: { instance: name } }));
}

/** A whole configuration of Prometheus for this demo, with the alerts of `dashboards/`. */
export function prometheusConfig(url: string): string {
  const alerts = join(packageRoot(), "dashboards", "alerts.yaml");
  return stringify({
    global: { scrape_interval: "2s", evaluation_interval: "5s" },
    ...(existsSync(alerts) ? { rule_files: [alerts] } : {}),
    scrape_configs: [
      {
        job_name: "envoy",
        metrics_path: "/stats/prometheus",
        http_sd_configs: [{ url: new URL(TARGETS, url).href, refresh_interval: "5s" }],
      },
    ],
  });
}

/** How a user starts it, in a folder of its own. By itself it would listen everywhere. */
export function prometheusCommand(url: string): string {
  return `(cd $(mktemp -d) && curl -sO ${new URL(CONFIG, url).href} && prometheus --web.listen-address=127.0.0.1:9090)`;
}
