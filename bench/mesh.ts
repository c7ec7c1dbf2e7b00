// How long a mesh takes: compiling a thousand services with three subsets each, and starting BookInfo and fifty sidecars. `npm run bench:mesh`

import { readYamlDocuments } from "../harness/cases/source.ts";
import { openMesh, parseDuration } from "../harness/index.ts";
import { compile, resourcesOf } from "../mesh/index.ts";
import { readCase } from "../mesh/test/pilot/cases.ts";

/** A service with so many versions, each with a sidecar, and a rule that splits its requests between the first two. */
function service(name: string, versions: readonly string[]): string {
  const labels = (version: string) => `{ app: ${name}, version: ${version} }`;
  const deployment = (version: string) => `---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}-${version} }
spec: { selector: { matchLabels: ${labels(version)} }, template: { metadata: { labels: ${labels(version)} }, spec: { containers: [{ name: app }] } } }
`;
  const weights = versions
    .slice(0, 2)
    .map((subset, i) => `{ destination: { host: ${name}, subset: ${subset} }, weight: ${i === 0 ? 90 : 10} }`);
  return `---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: ${name} }, ports: [{ name: http, port: 8080 }] }
${versions.map(deployment).join("")}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: ${name} }
spec: { host: ${name}, subsets: [${versions.map((version) => `{ name: ${version}, labels: { version: ${version} } }`).join(", ")}] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name} }
spec: { hosts: [${name}], http: [{ route: [${weights.join(", ")}] }] }
`;
}

async function timed<T>(title: string, work: () => T | Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work();
  console.log(`${title.padEnd(56)}${((performance.now() - began) / 1_000).toFixed(2).padStart(7)} s`);
  return result;
}

const many = Array.from({ length: 1_000 }, (_, i) => service(`service-${i}`, ["v1", "v2", "v3"])).join("");
const resources = await timed("read 1,000 services, 3 versions each", () =>
  readYamlDocuments(many, "many.yaml", "MS0914").flatMap((source) => resourcesOf(source)),
);
const { proxies } = await timed("compile them, once", () => compile(resources));
await timed(`compile them again (${proxies.size.toLocaleString("en")} sidecars)`, () => compile(resources));

const bookinfo = await readCase("bookinfo");
for (let i = 0; i < 3; i++) {
  const mesh = await timed("start BookInfo, 6 sidecars", () => openMesh({ resources: bookinfo }));
  await timed("  take a changed route", async () => mesh.apply(await readCase("all-to-v1")));
  await mesh.stop();
}
const fifty = Array.from({ length: 25 }, (_, i) => service(`service-${i}`, ["v1", "v2"])).join("");
const mesh = await timed("start 50 sidecars that know each other", () => openMesh({ resources: fifty }));
const answers = await timed("  100 requests between them", () =>
  Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      mesh.from(`service-${i % 25}-v1`).request({ url: `http://service-${(i + 7) % 25}:8080/`, timeout: parseDuration("30s") }),
    ),
  ),
);
const memory = await Promise.all(mesh.workloads.map(async (name) => (await mesh.envoy(name).memory())["allocated"] ?? 0));
console.log(
  `  ${answers.filter(({ status }) => status === 200).length} of them answered 200; Envoys' heaps together ${Math.round(memory.reduce((a, b) => a + b) / 2 ** 20)} MiB`,
);
await mesh.stop();
