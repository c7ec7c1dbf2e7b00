import { createServer } from "node:http";
import type { Mesh } from "./mesh.ts";
import { CONFIG, TARGETS, prometheusConfig, targetsOf } from "./prometheus.ts";
import { tracesText } from "./traces.ts";

const TEXT = "text/plain; charset=utf-8";

/** Serves on loopback what a person or a program looks at while the demo runs: the last traces, and all that Prometheus needs. */
export async function serveLooks(mesh: Mesh): Promise<{ url: string; stop: () => Promise<void> }> {
  let url = "";
  const looks: Record<string, () => Promise<[type: string, text: string]>> = {
    "/": async () => [TEXT, await tracesText(mesh)],
    [TARGETS]: async () => ["application/json", `${JSON.stringify(targetsOf(mesh), null, 2)}\n`],
    [CONFIG]: async () => [TEXT, prometheusConfig(url)],
  };
  const server = createServer((request, response) => {
    const look = looks[new URL(request.url ?? "/", "http://loopback").pathname];
    if (look === undefined) return void response.writeHead(404, { "content-type": TEXT }).end(`${Object.keys(looks).join("\n")}\n`);
    look().then(
      ([type, text]) => response.writeHead(200, { "content-type": type }).end(text),
      (error: unknown) => response.writeHead(500, { "content-type": TEXT }).end(`${String(error)}\n`),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  url = `http://${address.address}:${address.port}/`;
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url, stop };
}
