import net from "node:net";
import type { Address } from "../envoy/builders.ts";

export interface ClosedLoopOptions {
  /** Requests in all. */
  requests: number;
  /** Header lines of each request, beside the host [none]. */
  headers?: readonly (readonly [string, string])[];
  /** [/] */
  path?: string;
  /** Connections, each with one request under way [32]. Envoy ends an HTTP/1 connection that pipelines: "Too many responses queued". */
  connections?: number;
}

/**
 * Sends many requests over kept connections, each as soon as the one before it is answered: as fast as one thread of Node can. The answers must
 * have no body. Returns how many came with each status.
 * @throws Error when a connection ends early.
 * @example
 * await closedLoop(envoy.address(), { requests: 10_000 });
 */
export async function closedLoop(address: Address, options: ClosedLoopOptions): Promise<Map<number, number>> {
  const { requests, headers = [], path = "/", connections = 32 } = options;
  const lines = [`GET ${path} HTTP/1.1`, `host: ${address.host}`, ...headers.map(([name, value]) => `${name}: ${value}`), "", ""];
  const one = Buffer.from(lines.join("\r\n"), "latin1");
  const statuses = new Map<number, number>();
  let left = requests;
  const client = () =>
    new Promise<void>((resolve, reject) => {
      const socket = net.connect({ port: address.port, host: address.host, noDelay: true });
      const next = () => {
        if (left-- > 0) socket.write(one);
        else resolve(void socket.removeAllListeners("close").destroy());
      };
      let rest = "";
      socket.setEncoding("latin1");
      socket.on("connect", next);
      socket.on("error", reject);
      socket.on("close", () =>
        reject(new Error(`${address.host}:${address.port} closed a connection before all ${requests} answers came`)),
      );
      socket.on("data", (chunk: string) => {
        rest += chunk;
        if (!rest.endsWith("\r\n\r\n")) return;
        const status = Number(rest.slice(9, 12));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        rest = "";
        next();
      });
    });
  await Promise.all(Array.from({ length: connections }, client));
  return statuses;
}
