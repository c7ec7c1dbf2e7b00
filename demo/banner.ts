import type { Address } from "../harness/index.ts";
import { spiffeIdOf } from "./identities.ts";
import type { Mesh } from "./mesh.ts";
import type { Paint } from "./paint.ts";
import { CONFIG, TARGETS, prometheusCommand } from "./prometheus.ts";
import { USER } from "./services/app.ts";

/** Where to look, for programs. */
export function endpoints(mesh: Mesh, looksUrl: string) {
  return {
    apiVersion: "meshscript/v1",
    page: `${mesh.url}/productpage`,
    traces: looksUrl,
    prometheus: { config: new URL(CONFIG, looksUrl).href, targets: new URL(TARGETS, looksUrl).href },
    ...(mesh.collector ? { zipkin: zipkinUrl(mesh.collector) } : {}),
    filters: mesh.filters.map(({ name }) => name),
    mtls: mesh.authority !== undefined,
    envoys: [...mesh.envoys].map(([name, envoy]) => ({ name, admin: envoy.adminUrl, pid: envoy.pid })),
  };
}

const zipkinUrl = ({ host, port }: Address) => `http://${host.includes(":") ? `[${host}]` : host}:${port}/zipkin/`;

/** Where to look, for a person. */
export function banner(mesh: Mesh, looksUrl: string, paint: Paint): string {
  const title = (text: string) => paint("bold", text);
  const { url } = mesh;
  const admins = [...mesh.envoys].map(([name, envoy]) => `  ${name.padEnd(14)}${envoy.adminUrl}`);
  return [
    `${title("look")}`,
    `  page          ${paint("cyan", `${url}/productpage`)}`,
    `  traces        ${paint("cyan", looksUrl)}   each request to the page as a tree`,
    ...(mesh.collector ? [`  zipkin        ${paint("cyan", zipkinUrl(mesh.collector))}   the same traces: Run Query`] : []),
    `  metrics       ${paint("cyan", `${mesh.ingress.adminUrl}/stats/prometheus`)}   and the others' below: istio_requests_total ...`,
    `  filters       ${mesh.filters.map(({ name, where }) => `${name} (${where})`).join(", ") || "none"}`,
    `  between them  ${mesh.authority ? `mTLS, as ${spiffeIdOf("productpage")} and so on` : "plain HTTP"}`,
    "",
    title("try"),
    `  curl -si ${url}/productpage | grep server-timing`,
    `  curl -s ${url}/api/v1/products/0/reviews`,
    `  curl -s -H 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' ${url}/api/v1/products/0`,
    `  curl -s -H '${USER}: ann' '${url}/api/v1/products/0/reviews?[1-12]' | grep -oE '"podname[^,]*|"rating":[^}]*}'`,
    `  curl -so /dev/null -w '%{time_total} s\\n' -H '${USER}: jason' '${url}/api/v1/products/0/reviews?[1-6]'`,
    `  curl -s ${looksUrl}`,
    `  curl -s ${mesh.envoy("ratings").adminUrl}/stats/prometheus | sed -nE 's/^istio_requests_total.*source_workload="([^"]*)".*(response_code="[0-9]+").* /\\1 \\2 /p'`,
    `  ${prometheusCommand(looksUrl)}`,
    "",
    title("admin of each Envoy"),
    ...admins,
    "",
    "Ctrl-C stops everything. A tour instead, with checks: npm start -- --once",
    "",
  ].join("\n");
}
