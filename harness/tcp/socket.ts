import { type Server, type Socket, connect, createServer } from "node:net";
import type { Address } from "../envoy/builders.ts";
import { type Listening, listen } from "../upstreams/serve.ts";
import { TcpConnection } from "./connection.ts";

/** A connection on a socket. */
class SocketConnection extends TcpConnection {
  constructor(private readonly socket: Socket) {
    super();
    socket.setNoDelay(true);
    socket.on("data", (bytes) => this.arrive(bytes));
    socket.on("end", () => this.finish("end"));
    socket.on("error", () => this.finish("reset"));
    // Our own end does not end what comes; what is destroyed is over without a word of its own.
    socket.on("close", () => this.ended ?? this.finish("reset"));
  }

  write(data: string | Uint8Array): void {
    if (this.socket.writable) this.socket.write(data);
  }

  end(data: string | Uint8Array = ""): void {
    if (this.socket.writable) this.socket.end(data);
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }
}

/** Connects to an address. A connection that is refused has `ended` with `reset`. */
export function connectTcp({ host, port }: Address): TcpConnection {
  return new SocketConnection(connect({ host, port, allowHalfOpen: true }));
}

/** Listens on loopback. @param port 0: the kernel chooses */
export function serveTcp(port: number, accept: (connection: TcpConnection) => void): Promise<Listening> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    accept(new SocketConnection(socket));
  });
  return listen(server, port, () => {
    for (const socket of sockets) socket.destroy();
  });
}
