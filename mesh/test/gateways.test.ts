import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HttpRequest } from "../../harness/client/types.ts";
import { eventually } from "../../harness/expect/index.ts";
import { type Identity, createAuthority } from "../../harness/identities/index.ts";
import { connectTcp } from "../../harness/tcp/socket.ts";
import { type Echo, type RunningMesh, openMesh } from "../run/index.ts";

const bookinfo = readFileSync(new URL("pilot/cases/bookinfo.yaml", import.meta.url), "utf8");

let mesh: RunningMesh;
let shop: Identity;
let backend: ReturnType<typeof createServer>;

beforeAll(async () => {
  shop = await (await createAuthority({ name: "somebody else's" })).issue({ dnsSans: ["shop.example.com"] });
  // Speaks TLS itself, and says by which name it was asked for.
  backend = createServer({ key: shop.privateKey, cert: shop.chain, ALPNProtocols: ["http/1.1"] }, (socket) => {
    const text = `passed on to ${(socket as unknown as { servername: string }).servername}`;
    socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\nconnection: close\r\n\r\n${text}`));
  });
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
  mesh = await openMesh({ resources: `${bookinfo}\n---\n${gateways()}` });
});
afterAll(async () => {
  await mesh?.stop();
  backend?.close();
});

const ask = (serverName: string, more: { identity?: Identity; trust?: string; path?: string } = {}) =>
  mesh.gateway("edge").request({
    ...{ port: 443, path: "/productpage", serverName, trust: mesh.authority, headers: { host: serverName } },
    ...more,
  });

describe("a gateway's TLS", () => {
  test("without a Secret the certificate is one of the mesh's own authority, and that is said", async () => {
    const answer = await ask("own.example.com");
    expect([answer.status, (answer.json() as Echo).workload]).toEqual([200, "productpage-v1"]);
    expect(answer.tls?.alpn).toBe("http/1.1");
    const said = mesh.findings.filter(({ message }) => message.includes("Secret"));
    expect(said.map(({ code, message }) => `${code} ${message}`)).toContain(
      "MS1003 Gateway default/edge: there is no certificate in a Secret default/own: the gateway has one of the mesh's own authority",
    );
  });

  test("a Secret's certificate is presented for its host only", async () => {
    const answer = await ask("shop.example.com", { trust: shop.trustBundle });
    expect(answer.tls?.serverSha256).toBe(shop.sha256);
    expect(answer.status).toBe(200);
    await expect(ask("shop.example.com")).rejects.toThrow();
    await expect(ask("nobody.example.com")).rejects.toThrow();
  });

  test("MUTUAL takes clients with a certificate of those that it believes, and tells the application who it is", async () => {
    await expect(ask("mutual.example.com")).rejects.toThrow();
    const stranger = await (await createAuthority()).issue({ dnsSans: ["client.example.com"] });
    await expect(ask("mutual.example.com", { identity: stranger })).rejects.toThrow();
    const client = await mesh.authority.issue({ dnsSans: ["client.example.com"] });
    const answer = await ask("mutual.example.com", { identity: client });
    expect(answer.status).toBe(200);
    expect((answer.json() as Echo).headers["x-forwarded-client-cert"]).toContain("DNS=client.example.com");
  });

  test("plain requests are sent to HTTPS", async () => {
    const answer = await mesh.gateway("edge").request({ path: "/productpage", headers: { host: "own.example.com" } });
    expect([answer.status, answer.header("location")]).toEqual([301, "https://own.example.com/productpage"]);
  });

  test("PASSTHROUGH leaves TLS to who is asked for", async () => {
    const answer = await ask("a.passed.example.com", { trust: shop.trustBundle });
    expect(answer.text()).toBe("passed on to a.passed.example.com");
    expect(answer.tls?.serverSha256).toBe(shop.sha256);
    await expect(ask("b.passed.example.com", { trust: shop.trustBundle })).rejects.toThrow();
  });

  test("bytes go where the port's route leads", async () => {
    const connection = connectTcp(mesh.gateway("edge").address(9000));
    connection.write("hello");
    await eventually(() => expect(mesh.workload("bytes").connections).toHaveLength(1));
    expect(String(await mesh.workload("bytes").connections[0]?.receive("hello"))).toContain("hello");
    connection.reset();
  });
});

describe("a Gateway of the Gateway API", () => {
  test("has a proxy that Istio would have made for it, with its listeners", async () => {
    expect(mesh.workloads).toContain("shop-istio.default");
    const plain = await mesh.gateway("shop-istio").request({ path: "/reviews/1", headers: { host: "shop.example.com" } });
    expect([plain.status, (plain.json() as Echo).authority]).toEqual([200, "shop.example.com"]);
    const secure = await mesh.gateway("shop-istio").request({
      ...{ port: 443, path: "/reviews/1", serverName: "shop.example.com", trust: shop, headers: { host: "shop.example.com" } },
    });
    expect([secure.status, secure.tls?.serverSha256]).toEqual([200, shop.sha256]);
  });

  test("a prefix ends where a segment does, and a backend that is not there is a 500", async () => {
    const at = (path: string) => mesh.gateway("shop-istio").request({ path, headers: { host: "shop.example.com" } });
    expect((await at("/reviewsmore")).status).toBe(404);
    expect((await at("/reviews")).status).toBe(200);
    expect((await at("/missing")).status).toBe(500);
  });

  test("a GRPCRoute leads by service and method", async () => {
    const call = (path: string): HttpRequest => ({
      ...{ path, method: "POST", protocol: "h2c", headers: { host: "grpc.example.com", "content-type": "application/grpc" } },
    });
    const answer = await mesh.gateway("shop-istio").request(call("/shop.Cart/Add"));
    expect((answer.json() as Echo).path).toBe("/shop.Cart/Add");
    const other = await mesh.gateway("shop-istio").request(call("/shop.Cart/Remove"));
    // Envoy's 404 in gRPC's words: UNIMPLEMENTED.
    expect(other.header("grpc-status")).toBe("12");
  });
});

function gateways(): string {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const to = (host: string, port: number) => `{ destination: { host: ${host}, port: { number: ${port} } } }`;
  const { port } = backend.address() as AddressInfo;
  return `
apiVersion: apps/v1
kind: Deployment
metadata: { name: edge }
spec: { template: { metadata: { labels: { istio: edge } } } }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge }
spec:
  selector: { istio: edge }
  servers:
    - { port: { number: 80, name: http, protocol: HTTP }, hosts: [own.example.com], tls: { httpsRedirect: true } }
    - { port: { number: 443, name: own, protocol: HTTPS }, hosts: [own.example.com], tls: { mode: SIMPLE, credentialName: own } }
    - { port: { number: 443, name: shop, protocol: HTTPS }, hosts: [shop.example.com], tls: { mode: SIMPLE, credentialName: shop } }
    - { port: { number: 443, name: mutual, protocol: HTTPS }, hosts: [mutual.example.com], tls: { mode: MUTUAL, credentialName: mutual } }
    - { port: { number: 443, name: passed, protocol: TLS }, hosts: ["*.passed.example.com"], tls: { mode: PASSTHROUGH } }
    - { port: { number: 9000, name: bytes, protocol: TCP }, hosts: ["*"] }
---
apiVersion: v1
kind: Secret
metadata: { name: shop }
type: kubernetes.io/tls
data: { tls.crt: ${base64(shop.chain)}, tls.key: ${base64(shop.privateKey)} }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: pages }
spec:
  hosts: ["*.example.com"]
  gateways: [edge]
  http: [{ match: [{ uri: { exact: /productpage } }], route: [${to("productpage", 9080)}] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: passed }
spec:
  hosts: [a.passed.example.com]
  gateways: [edge]
  tls: [{ match: [{ sniHosts: [a.passed.example.com] }], route: [${to("tls.example.com", 443)}] }]
  tcp: [{ match: [{ port: 9000 }], route: [${to("bytes", 9100)}] }]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: tls }
spec:
  hosts: [tls.example.com]
  ports: [{ number: 443, name: tls, protocol: TLS }]
  resolution: STATIC
  endpoints: [{ address: 127.0.0.1, ports: { tls: ${port} } }]
---
apiVersion: v1
kind: Service
metadata: { name: bytes }
spec: { selector: { app: bytes }, ports: [{ name: tcp, port: 9100 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: bytes }
spec: { template: { metadata: { labels: { app: bytes } } } }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: shop }
spec:
  gatewayClassName: istio
  listeners:
    - { name: http, port: 80, protocol: HTTP }
    - { name: https, port: 443, protocol: HTTPS, hostname: shop.example.com, tls: { certificateRefs: [{ name: shop }] } }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop }
spec:
  parentRefs: [{ name: shop }]
  hostnames: [shop.example.com]
  rules:
    - matches: [{ path: { value: /reviews } }]
      backendRefs: [{ name: reviews, port: 9080 }]
    - matches: [{ path: { value: /missing } }]
      backendRefs: [{ name: nobody, port: 80 }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: { name: cart }
spec:
  parentRefs: [{ name: shop, sectionName: http }]
  hostnames: [grpc.example.com]
  rules:
    - matches: [{ method: { service: shop.Cart, method: Add } }]
      backendRefs: [{ name: cart, port: 9090 }]
---
apiVersion: v1
kind: Service
metadata: { name: cart }
spec: { selector: { app: cart }, ports: [{ name: grpc, port: 9090 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: cart }
spec: { template: { metadata: { labels: { app: cart } } } }
`;
}
