import { spiffeIdOf } from "./identities.ts";
import type { Mesh } from "./mesh.ts";
import type { Paint } from "./paint.ts";
import { USER } from "./services/app.ts";

/** Where to look, for programs. */
export function endpoints(mesh: Mesh, tracesUrl: string) {
  return {
    apiVersion: "meshscript/v1",
    page: `${mesh.url}/productpage`,
    traces: tracesUrl,
    filters: mesh.filters.map(({ name }) => name),
    mtls: mesh.authority !== undefined,
    envoys: [...mesh.envoys].map(([name, envoy]) => ({ name, admin: envoy.adminUrl, pid: envoy.pid })),
  };
}

/** Where to look, for a person. */
export function banner(mesh: Mesh, tracesUrl: string, paint: Paint): string {
  const title = (text: string) => paint("bold", text);
  const { url } = mesh;
  const admins = [...mesh.envoys].map(([name, envoy]) => `  ${name.padEnd(14)}${envoy.adminUrl}`);
  return [
    `${title("look")}`,
    `  page          ${paint("cyan", `${url}/productpage`)}`,
    `  traces        ${paint("cyan", tracesUrl)}   each request to the page as a tree`,
    `  filters       ${mesh.filters.map(({ name, where }) => `${name} (${where})`).join(", ") || "none"}`,
    `  between them  ${mesh.authority ? `mTLS, as ${spiffeIdOf("productpage")} and so on` : "plain HTTP"}`,
    "",
    title("try"),
    `  curl -si ${url}/productpage | grep server-timing`,
    `  curl -s ${url}/api/v1/products/0/reviews`,
    `  curl -s -H 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' ${url}/api/v1/products/0`,
    `  curl -s -H '${USER}: ann' '${url}/api/v1/products/0/reviews?[1-12]' | grep -oE '"podname[^,]*|"rating":[^}]*}'`,
    `  curl -so /dev/null -w '%{time_total} s\\n' -H '${USER}: jason' '${url}/api/v1/products/0/reviews?[1-6]'`,
    `  curl -s ${tracesUrl}`,
    "",
    title("admin of each Envoy"),
    ...admins,
    "",
    "Ctrl-C stops everything. A tour instead, with checks: npm start -- --once",
    "",
  ].join("\n");
}
