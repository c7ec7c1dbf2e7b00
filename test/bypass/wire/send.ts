import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Address } from "../../../harness/envoy/builders.ts";
import type { Identity } from "../../../harness/index.ts";
import type { Protocol, Wire } from "../types.ts";
import { type Answer, sendHttp1 } from "./http1.ts";
import { sendHttp2 } from "./http2.ts";

/** Sends a request on a connection of its own. @param identity who it is that asks; undefined: plain */
export async function sendWire(address: Address, protocol: Protocol, wire: Wire, name: string, identity?: Identity): Promise<Answer> {
  const { host, port } = address;
  const socket = connect({ host, port, noDelay: true, ...(wire.from === undefined ? {} : { localAddress: wire.from }) });
  const send = protocol === "HTTP/1.1" ? sendHttp1 : sendHttp2;
  if (identity === undefined) return send(socket, wire, name);
  const tls = connectTls({
    socket,
    cert: identity.chain,
    key: identity.privateKey,
    ca: identity.trustBundle,
    checkServerIdentity: () => undefined,
    ALPNProtocols: [protocol === "HTTP/1.1" ? "http/1.1" : "h2"],
  });
  return send(tls, wire, name);
}
