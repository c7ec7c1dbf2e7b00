import type { ConfigObject } from "../../harness/envoy/types.ts";
import type { ApplicationSpec, RunningMesh } from "../../harness/index.ts";
import { PROXY_LISTENER } from "../../mesh/listeners/outbound.ts";
import { columns } from "../text.ts";

/** A line of what runs. */
export interface Row {
  /** `productpage-v1.default` */
  workload: string;
  kind: "gateway" | "sidecar";
  /** Where clients of a gateway go, or what is behind a sidecar. */
  at: string;
  /** For `http_proxy` in the environment of its application. */
  httpProxy?: string;
  admin: string;
}

/** What runs, gateways first. */
export function rowsOf(mesh: RunningMesh, applications: Readonly<Record<string, ApplicationSpec>>): Row[] {
  const rows = mesh.workloads.map((id): Row => {
    const envoy = mesh.envoy(id);
    const config = mesh.configuration.proxies.get(id);
    if (config?.workload.type === "gateway") {
      const urls = [...envoy.listening].map(([name, { host, port }]) => {
        const listener = config.listeners.find((each) => each["name"] === name);
        return `${schemeOf(listener)}://${host}:${port} (${name.replace(/^.*_/, "")})`;
      });
      return { workload: id, kind: "gateway", at: urls.join(" ") || "no server", admin: envoy.adminUrl };
    }
    const proxy = envoy.listening.get(PROXY_LISTENER);
    return {
      workload: id,
      kind: "sidecar",
      at: behind(applications[config?.workload.name ?? ""]),
      ...(proxy ? { httpProxy: `http://${proxy.host}:${proxy.port}` } : {}),
      admin: envoy.adminUrl,
    };
  });
  return rows.sort((a, b) => Number(b.kind === "gateway") - Number(a.kind === "gateway"));
}

/** What a client of a gateway's listener speaks. */
function schemeOf(listener: ConfigObject | undefined): "http" | "https" | "tcp" {
  const chains = (listener?.["filter_chains"] ?? []) as ConfigObject[];
  const http = chains.filter(({ filters }) => JSON.stringify(filters).includes("http_connection_manager"));
  if (http.length === 0) return "tcp";
  return http.some((chain) => chain["transport_socket"] === undefined) ? "http" : "https";
}

function behind(spec: ApplicationSpec | undefined): string {
  if (spec?.command !== undefined) return spec.command.length <= 48 ? spec.command : `${spec.command.slice(0, 45)}...`;
  return spec?.served === undefined ? "a stub that echoes" : `127.0.0.1:${spec.served}`;
}

/** For people. */
export function tableOf(rows: readonly Row[]): string {
  const head = ["WORKLOAD", "AT", "HTTP_PROXY", "ADMIN"];
  return columns([head, ...rows.map((row) => [row.workload, row.at, row.httpProxy ?? "-", row.admin])]);
}
