import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../harness/expect/index.ts";
import { type Upstream, createAuthority, openUpstream, writeIdentity } from "../../harness/index.ts";
import { type Echo, type RunningMesh, openMesh } from "../run/index.ts";

let folder: string;
let roots: string;
let mesh: RunningMesh;
let api: Upstream;
let secure: ReturnType<typeof createServer>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "meshscript-outside-"));
  const identity = await (await createAuthority()).issue({ dnsSans: ["secure.example.com"] });
  roots = (await writeIdentity(folder, identity)).trustBundle;
  api = await openUpstream({ respond: ({ authority }) => ({ body: `api for ${authority}` }) });
  secure = createServer({ key: identity.privateKey, cert: identity.chain }, (request, response) => {
    const { servername } = request.socket as unknown as { servername: string };
    response.end(`secure ${servername} for ${request.headers.host}`);
  });
  await new Promise<void>((resolve) => secure.listen(0, "127.0.0.1", resolve));
  mesh = await openMesh({ resources: outside() });
});
afterAll(async () => {
  await mesh?.stop();
  await api?.stop();
  secure?.close();
  await rm(folder, { recursive: true, force: true });
});

const ask = (url: string) => mesh.from("web").request({ url });

describe("hosts outside of the mesh", () => {
  test("a ServiceEntry says where a host is, and nobody speaks mutual TLS to it", async () => {
    const answer = await ask("http://api.example.com/");
    expect([answer.status, answer.text()]).toEqual([200, "api for api.example.com"]);
    expect(api.requests[0]?.header("x-forwarded-client-cert")).toBeUndefined();
    expect(api.requests[0]?.header("x-envoy-peer-metadata")).toBeUndefined();
  });

  test("TLS origination: the application asks in plain text, and the certificate must be of the host that it asks for", async () => {
    expect((await ask("http://secure.example.com/")).text()).toBe("secure secure.example.com for secure.example.com");
    const other = await ask("http://other.example.com/");
    expect(other.status).toBe(503);
    expect(await mesh.envoy("web").stat("cluster.outbound|80||other.example.com;.ssl.fail_verify_san")).toBeGreaterThan(0);
  });

  test("what nobody registered is looked up, unless the Sidecar says REGISTRY_ONLY", async () => {
    const { port } = api.address;
    const proxied = (host: string) =>
      mesh.envoy("web").request({ listener: "127.0.0.1_15002", path: `http://${host}/`, headers: { host } });
    expect((await proxied(`localhost:${port}`)).text()).toBe(`api for localhost:${port}`);
    await mesh.apply(outside(REGISTRY_ONLY));
    expect((await proxied(`localhost:${port}`)).status).toBe(502);
    expect((await ask("http://api.example.com/")).status).toBe(200);
  });

  test("bytes go to a service's port, split by weights", async () => {
    const connections = Array.from({ length: 20 }, () => mesh.from("web").connect({ host: "db", port: 5432 }));
    for (const connection of connections) connection.write("hello");
    await eventually(() => expect(mesh.workload("db-v2").connections).toHaveLength(20));
    expect(mesh.workload("db-v1").connections).toHaveLength(0);
    const [first] = mesh.workload("db-v2").connections;
    await first?.receive("hello");
    for (const connection of connections) connection.reset();
  });

  test("gRPC and HTTP/2 reach an application that speaks nothing else", async () => {
    const answer = await mesh.from("web").request({ url: "http://grpc:9000/shop.Cart/Add", method: "POST", protocol: "h2c" });
    expect(answer.status).toBe(200);
    const { workload, headers } = answer.json() as Echo;
    expect(workload).toBe("grpc");
    expect(headers["x-forwarded-client-cert"]).toContain("spiffe://cluster.local/ns/default/sa/default");
  });
});

const REGISTRY_ONLY = `
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: default }
spec:
  outboundTrafficPolicy: { mode: REGISTRY_ONLY }
  egress: [{ hosts: ["./*"] }]
`;

const workload = (name: string, port: number) => `
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  selector: { matchLabels: { app: ${name.replace(/-v\d$/, "")}, version: ${/v\d$/.exec(name)?.[0] ?? "v1"} } }
  template:
    metadata: { labels: { app: ${name.replace(/-v\d$/, "")}, version: ${/v\d$/.exec(name)?.[0] ?? "v1"} } }
    spec: { containers: [{ name: app, image: app, ports: [{ containerPort: ${port} }] }] }`;

const entry = (host: string, port: number, tls: boolean) => `
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${host.replaceAll(".", "-")} }
spec:
  hosts: [${host}]
  ports: [{ number: 80, name: http, protocol: HTTP, targetPort: ${port} }]
  resolution: STATIC
  endpoints: [{ address: 127.0.0.1 }]
${
  tls
    ? `---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: ${host.replaceAll(".", "-")} }
spec:
  host: ${host}
  trafficPolicy: { tls: { mode: SIMPLE, caCertificates: ${roots} } }`
    : ""
}`;

const outside = (more = "") => `
apiVersion: v1
kind: Service
metadata: { name: db }
spec: { selector: { app: db }, ports: [{ name: tcp, port: 5432 }] }
---
apiVersion: v1
kind: Service
metadata: { name: grpc }
spec: { selector: { app: grpc }, ports: [{ name: grpc, port: 9000 }] }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: db }
spec: { host: db, subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: db }
spec:
  hosts: [db]
  tcp:
    - route:
        - { destination: { host: db, subset: v1 }, weight: 0 }
        - { destination: { host: db, subset: v2 }, weight: 100 }
${workload("web", 8080)}${workload("db-v1", 5432)}${workload("db-v2", 5432)}${workload("grpc", 9000)}
${entry("api.example.com", api.address.port, false)}${entry("secure.example.com", (secure.address() as AddressInfo).port, true)}${entry("other.example.com", (secure.address() as AddressInfo).port, true)}
${more}`;
