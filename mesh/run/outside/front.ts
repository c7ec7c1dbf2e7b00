import { type Server, type Socket, createConnection, createServer } from "node:net";
import { type Server as TlsServer, createServer as createTlsServer } from "node:tls";
import type { Address } from "../../../harness/envoy/builders.ts";
import type { Identity } from "../../../harness/identities/types.ts";
import { type Listening, listen } from "../../../harness/upstreams/serve.ts";

/** What a connection speaks inside of TLS, or without it. */
export type Spoken = "http/1.1" | "h2c";

/** How a TLS handshake's and an HTTP/2 connection's first bytes look: RFC 8446, 5.1, and RFC 9113, 3.4. */
const HANDSHAKE = 0x16;
const PREFACE = "PRI ";

/**
 * A port that takes whatever a proxy sends to a host outside, plain text or TLS, HTTP/1.1 or HTTP/2, and passes the bytes without TLS on. Clients speak
 * first: it looks at their first bytes.
 */
export class Front {
  private readonly secure: TlsServer;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private listening: Listening | undefined;

  /** @param target who takes the bytes */
  constructor(private readonly target: (spoken: Spoken) => Address) {
    this.secure = createTlsServer({ ALPNProtocols: ["h2", "http/1.1"] }, (socket) => this.pass(socket));
    // A handshake that fails is the client's matter, which says so.
    this.secure.on("tlsClientError", (_, socket) => socket.destroy());
    this.server = createServer((socket) => this.take(socket));
  }

  get address(): Address {
    if (this.listening === undefined) throw new Error("the front is not open");
    return this.listening.address;
  }

  async open(port = 0): Promise<Listening> {
    this.listening = await listen(this.server, port, () => {
      for (const socket of this.sockets) socket.destroy();
    });
    return this.listening;
  }

  /** Presents this certificate from now on. */
  present({ chain, privateKey }: Pick<Identity, "chain" | "privateKey">): void {
    this.secure.setSecureContext({ cert: chain, key: privateKey });
  }

  private take(socket: Socket): void {
    this.keep(socket);
    socket.once("data", (first: Buffer) => {
      socket.pause();
      socket.unshift(first);
      if (first[0] === HANDSHAKE) this.secure.emit("connection", socket);
      else this.pass(socket);
    });
  }

  private pass(socket: Socket): void {
    this.keep(socket);
    socket.once("data", (first: Buffer) => {
      socket.pause();
      const spoken = first.subarray(0, PREFACE.length).toString("latin1") === PREFACE ? "h2c" : "http/1.1";
      const onward = createConnection(this.target(spoken));
      this.keep(onward);
      onward.on("close", () => socket.destroy());
      socket.on("close", () => onward.destroy());
      onward.write(first);
      onward.pipe(socket);
      socket.pipe(onward);
    });
    socket.resume();
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.sockets.delete(socket));
  }
}
