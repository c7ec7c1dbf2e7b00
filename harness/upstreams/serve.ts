import type { Server } from "node:net";
import type { Address } from "../envoy/builders.ts";
import type { ReceivedHead, UpstreamResponse } from "./types.ts";

/** Called per request: `reply` sends the answer, `reset` breaks the connection (HTTP/2: the stream). */
export type Handle = (head: ReceivedHead, reply: (answer: UpstreamResponse) => Promise<void>, reset: () => void) => void;

export interface Listening {
  address: Address;
  close: () => Promise<void>;
}

/** Listens on loopback; `close` also ends the connections that are idle or hang. */
export function listen(server: Server, port: number, dropConnections: () => void): Promise<Listening> {
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const bound = server.address();
      if (bound === null || typeof bound === "string") return reject(new Error("no TCP address"));
      const close = () =>
        new Promise<void>((done) => {
          server.close(() => done());
          dropConnections();
        });
      resolve({ address: { host: bound.address, port: bound.port }, close });
    });
  });
}
