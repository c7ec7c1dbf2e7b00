// Facts as a real request.
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Address } from "../../../../harness/envoy/builders.ts";
import type { Mesh } from "./listeners.ts";
import { metadataHeaders } from "./metadata.ts";
import type { RequestFacts } from "./types.ts";

export interface Answer {
  status: number;
  /** Head and body, one character per byte. */
  text: string;
}

/**
 * Sends a request about which exactly these facts hold to a listener of `authzListener`, on a connection of its own. Our own client, because
 * it has to come from the direct peer's address, which must be one of 127.0.0.0/8, and to say by the PROXY protocol where it goes.
 *
 * @param number Comes back in the access log as `number`.
 */
export async function sendFacts(address: Address, mesh: Mesh, facts: RequestFacts, number: number | string = ""): Promise<Answer> {
  const identity = facts.spiffeId === undefined ? undefined : await mesh.identityOf(facts.spiffeId);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address.host, port: address.port, localAddress: facts.directPeer });
    socket.on("error", reject);
    socket.setTimeout(10_000, () => socket.destroy(new Error("no answer within 10 s")));
    socket.write(proxyLine(facts));
    const tls = connectTls({
      socket,
      ca: mesh.trustBundle,
      checkServerIdentity: () => undefined,
      ALPNProtocols: ["http/1.1"],
      ...(identity ? { cert: identity.chain, key: identity.privateKey } : {}),
      ...(facts.sni === undefined ? {} : { servername: facts.sni }),
    });
    const received: Buffer[] = [];
    const finish = (whole: boolean) => {
      const text = Buffer.concat(received).toString("latin1");
      const answer = answerIn(text);
      if (answer === undefined && !whole) return;
      socket.destroy();
      if (answer === undefined) reject(new Error(`no answer but ${JSON.stringify(text)}`));
      else resolve(answer);
    };
    tls.on("error", reject);
    tls.on("data", (data) => {
      received.push(data);
      finish(false);
    });
    tls.on("close", () => finish(true));
    tls.write(requestText(facts, mesh, number), "latin1");
  });
}

/** A whole answer. Its end is not the connection's: Envoy closes a second later. */
function answerIn(text: string): Answer | undefined {
  const end = text.indexOf("\r\n\r\n");
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(text) ?? [];
  if (end < 0 || status === undefined) return undefined;
  const [, length = "0"] = /\r\ncontent-length: (\d+)\r\n/i.exec(text.slice(0, end + 2)) ?? [];
  return text.length >= end + 4 + Number(length) ? { status: Number(status), text } : undefined;
}

function proxyLine({ destination }: RequestFacts): string {
  // Its source is of the same family, and means nothing: x-forwarded-for says who the client is.
  const v6 = destination.ip.includes(":");
  return `PROXY ${v6 ? "TCP6 fd00::1" : "TCP4 192.0.2.1"} ${destination.ip} 40000 ${destination.port}\r\n`;
}

function requestText(facts: RequestFacts, mesh: Mesh, number: number | string): string {
  const headers = [
    ["host", facts.authority],
    ["x-forwarded-for", facts.client],
    ["x-number", String(number)],
    ["connection", "close"],
    ["content-length", "0"],
    ...(facts.payload === undefined ? [] : [["authorization", `Bearer ${mesh.tokens.token(facts.payload)}`]]),
    ...metadataHeaders(facts),
    ...facts.headers,
  ];
  return `${facts.method} ${facts.path} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}
