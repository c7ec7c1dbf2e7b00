import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Upstream, openUpstream } from "../../harness/index.ts";
import { type RunningMesh, openMesh } from "../run/index.ts";

const workload = (name: string) => `
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [{ name: app, image: app, ports: [{ containerPort: 8080 }] }] }`;

/** As Istio's documentation has it: applications ask port 80, and the sidecar asks 443 with TLS. */
const books = (tls: string) => `
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: books }
spec:
  hosts: [www.googleapis.com]
  resolution: DNS
  ports: [{ number: 80, name: http, protocol: HTTP, targetPort: 443 }, { number: 8443, name: grpc, protocol: GRPC }]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: books }
spec:
  host: www.googleapis.com
  trafficPolicy: { tls: ${tls} }`;

const plain = `
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: prices }
spec:
  hosts: [prices.example.com, other.example.com]
  resolution: STATIC
  ports: [{ number: 8080, name: http, protocol: HTTP }]
  endpoints: [{ address: 192.0.2.10, labels: { version: v1 } }, { address: 192.0.2.11, labels: { version: v2 } }]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: prices }
spec:
  host: prices.example.com
  subsets: [{ name: v2, labels: { version: v2 } }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: prices }
spec:
  hosts: [prices.example.com]
  http:
    - match: [{ uri: { prefix: /v2 } }]
      route: [{ destination: { host: prices.example.com, subset: v2 } }]
    - route: [{ destination: { host: prices.example.com } }]`;

const SIMPLE = "{ mode: SIMPLE, caCertificates: /nowhere/roots.pem }";
const all = (tls = SIMPLE) => `${workload("web")}${books(tls)}${plain}`;

let folder: string;
let served: Upstream;
let mesh: RunningMesh;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "meshscript-stubs-"));
  served = await openUpstream({ respond: ({ authority, path }) => ({ body: `served ${authority}${path}` }) });
  const file = join(folder, "books.yaml");
  await writeFile(
    file,
    `- { path: /books/v1/volumes, body: { items: [] } }
- { method: POST, path: /books/*, status: 201, headers: { location: /books/1 }, body: made }
- { path: /slow, delay: 20ms }
`,
  );
  mesh = await openMesh({ resources: all(), stubs: { "www.googleapis.com": file, "prices.example.com": served.address.port } });
});
afterAll(async () => {
  await mesh?.stop();
  await served?.stop();
  await rm(folder, { recursive: true, force: true });
});

const ask = (url: string, more: object = {}) => mesh.from("web").request({ url, ...more });
const CLUSTER = "cluster.outbound|80||www.googleapis.com;";

describe("stubs of hosts outside", () => {
  test("a file of answers, through the host's own cluster, with TLS, its server name and a certificate that is looked at", async () => {
    const found = await ask("http://www.googleapis.com/books/v1/volumes?q=envoy");
    expect([found.status, found.header("content-type"), found.json()]).toEqual([200, "application/json", { items: [] }]);
    const made = await ask("http://www.googleapis.com/books/v1", { method: "POST", body: "{}" });
    expect([made.status, made.header("location"), made.text()]).toEqual([201, "/books/1", "made"]);
    expect((await ask("http://www.googleapis.com/slow")).status).toBe(200);
    const none = await ask("http://www.googleapis.com/else");
    expect([none.status, none.text()]).toEqual([404, "no answer in books.yaml fits GET /else\n"]);
    const requests = mesh.outside("www.googleapis.com").requests;
    expect(requests.map(({ method, path, authority }) => `${method} ${authority}${path}`)).toEqual([
      "GET www.googleapis.com/books/v1/volumes?q=envoy",
      "POST www.googleapis.com/books/v1",
      "GET www.googleapis.com/slow",
      "GET www.googleapis.com/else",
    ]);
    const envoy = mesh.envoy("web");
    expect(await envoy.stat(`${CLUSTER}.ssl.handshake`)).toBeGreaterThan(0);
    expect(await envoy.stat(`${CLUSTER}.upstream_rq_completed`)).toBe(4);
  });

  test("HTTP/2, inside of TLS", async () => {
    mesh.outside("www.googleapis.com").clear();
    const answer = await ask("http://www.googleapis.com:8443/books/v1/volumes", { protocol: "h2c" });
    expect(answer.json()).toEqual({ items: [] });
    expect(mesh.outside("www.googleapis.com").requests[0]?.httpVersion).toBe("2.0");
  });

  test("a port that is served already, subsets too; a host of the same entry without a stub is asked where it is", async () => {
    expect((await ask("http://prices.example.com:8080/all")).text()).toBe("served prices.example.com:8080/all");
    expect((await ask("http://prices.example.com:8080/v2")).text()).toBe("served prices.example.com:8080/v2");
    const endpoints = [...mesh.configuration.endpoints.values()].filter(({ cluster }) => cluster.endsWith("|other.example.com"));
    const found = endpoints.flatMap(({ localities }) => localities.flatMap((each) => each.endpoints));
    expect(found).toMatchObject([{ host: "192.0.2.10" }, { host: "192.0.2.11" }]);
    expect(() => mesh.outside("prices.example.com")).toThrow(/no stub of the host "prices.example.com"; there are: www.googleapis.com/);
  });

  test("a changed rule counts: other names, or no TLS", async () => {
    await mesh.apply(
      all(
        `{ mode: MUTUAL, clientCertificate: /no/cert.pem, privateKey: /no/key.pem, caCertificates: /no/ca.pem, sni: api.example.com, subjectAltNames: [api.example.com, "spiffe://else/where"] }`,
      ),
    );
    expect((await ask("http://www.googleapis.com/books/v1/volumes")).status).toBe(200);
    expect(await mesh.envoy("web").stat(`${CLUSTER}.ssl.handshake`)).toBeGreaterThan(0);
    await mesh.apply(all("{ mode: DISABLE }"));
    expect((await ask("http://www.googleapis.com/books/v1/volumes")).status).toBe(200);
    expect(await mesh.envoy("web").stat(`${CLUSTER}.ssl.handshake`)).toBeUndefined();
    // Whoever is asked for another name is not believed.
    await mesh.apply(all());
    const other = await ask("http://www.googleapis.com/slow", { headers: { host: "www.googleapis.com." } });
    expect(other.status).toBe(503);
    expect(await mesh.envoy("web").stat(`${CLUSTER}.ssl.fail_verify_san`)).toBeGreaterThan(0);
  });

  test("a responder of the test", async () => {
    mesh.outside("www.googleapis.com").respond({ status: 503, body: "later" });
    expect((await ask("http://www.googleapis.com/books/v1/volumes")).text()).toBe("later");
  });

  test("a host that is not outside is an error that lists those that are; a change without it, too", async () => {
    const unknown = openMesh({
      resources: all(),
      stubs: { "www.googleapi.com": { status: 200 }, "web.default.svc.cluster.local": { status: 200 } },
    });
    await expect(unknown).rejects.toThrow(
      /MS1108: no ServiceEntry has the host "www\.googleapi\.com"\nhelp: hosts outside: other\.example\.com, prices\.example\.com, www\.googleapis\.com/,
    );
    await expect(mesh.apply(`${workload("web")}${books(SIMPLE)}`)).rejects.toThrow(
      'MS1108: no ServiceEntry has the host "prices.example.com"',
    );
    expect((await ask("http://prices.example.com:8080/all")).status).toBe(200);
  });
});

describe("files of answers", () => {
  const open = (name: string, content: string) => {
    const file = join(folder, name);
    return writeFile(file, content).then(() => openMesh({ resources: all(), stubs: { "www.googleapis.com": file } }));
  };

  test("every mistake is told at its place", async () => {
    const wrong = open("wrong.yaml", "- path: books\n- stats: 500\n- { status: 99, delay: 3 }\n");
    await expect(wrong).rejects.toThrow(
      /wrong\.yaml:1:9: MS1107: \[0\]\.path must be a path[\s\S]*wrong\.yaml:2:3: MS1107: \[1\]: unknown field "stats"; there are: method, path, status[\s\S]*wrong\.yaml:3:13: MS1107: \[2\]\.status must be 200 or more[\s\S]*\[2\]\.delay must be text/,
    );
    await expect(open("map.yaml", "a: 1\n")).rejects.toThrow("MS1107: must be a list");
    await expect(openMesh({ resources: all(), stubs: { "www.googleapis.com": join(folder, "none.json") } })).rejects.toThrow(
      /none\.json: MS1107: the answers cannot be read: no such file/,
    );
  });
});
