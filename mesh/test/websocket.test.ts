import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Address } from "../../harness/envoy/builders.ts";
import { connectTcp } from "../../harness/tcp/socket.ts";
import { type RunningMesh, openMesh } from "../run/index.ts";

/** RFC 6455, 1.3. */
const accepted = (key: string) => createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");

let mesh: RunningMesh;
const server = createServer((_, response) => response.end("no socket"));
/** Whose certificate the last one came with. */
let caller: string | string[] | undefined;
server.on("upgrade", (request, socket) => {
  caller = request.headers["x-forwarded-client-cert"];
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ${accepted(String(request.headers["sec-websocket-key"]))}\r\n\r\n`,
  );
  // Gives every frame's bytes back.
  socket.pipe(socket);
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  mesh = await openMesh({ resources: CHAT, applications: { chat: { served: (server.address() as AddressInfo).port } } });
});
afterAll(async () => {
  await mesh?.stop();
  server.closeAllConnections();
  server.close();
});

/** Opens a WebSocket and sends a frame; the answer's head and what came back. */
async function conversation(address: Address, host: string): Promise<{ head: string; back: Buffer }> {
  const key = "dGhlIHNhbXBsZSBub25jZQ==";
  const connection = connectTcp(address);
  connection.write(
    `GET /chat HTTP/1.1\r\nhost: ${host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`,
  );
  const head = String(await connection.receive("\r\n\r\n"));
  // A masked text frame, "Hello": RFC 6455, 5.7.
  const frame = Buffer.from([0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
  connection.write(frame);
  const whole = await connection.receive(Buffer.byteLength(head) + frame.length);
  connection.reset();
  return { head, back: whole.subarray(-frame.length) };
}

describe("a WebSocket", () => {
  const HELLO = "818537fa213d7f9f4d5158";

  test("goes through two sidecars, under mutual TLS between them", async () => {
    const address = mesh.envoy("client").listening.get("0.0.0.0_80") as Address;
    const { head, back } = await conversation(address, "chat");
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    expect(head).toContain(`sec-websocket-accept: ${accepted("dGhlIHNhbXBsZSBub25jZQ==")}`);
    expect(back.toString("hex")).toBe(HELLO);
    expect(String(caller)).toContain("URI=spiffe://cluster.local/ns/default/sa/default");
  });

  test("comes in by a gateway", async () => {
    const { head, back } = await conversation(mesh.gateway().address(80), "chat.example.com");
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    expect(back.toString("hex")).toBe(HELLO);
  });
});

const CHAT = `
apiVersion: v1
kind: Service
metadata: { name: chat }
spec: { selector: { app: chat }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: chat }
spec: { template: { metadata: { labels: { app: chat } } } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: client }
spec: { template: { metadata: { labels: { app: client } } } }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front }
spec: { gatewayClassName: istio, listeners: [{ name: http, port: 80, protocol: HTTP }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: chat }
spec:
  parentRefs: [{ name: front }]
  hostnames: [chat.example.com]
  rules: [{ backendRefs: [{ name: chat, port: 80 }] }]
`;
