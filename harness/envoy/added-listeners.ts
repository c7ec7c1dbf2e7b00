import { createServer } from "node:net";
import { isObject } from "./builders.ts";
import type { ConfigObject } from "./types.ts";

/**
 * Ports of listeners that an update adds. Envoy gives a new listener the socket of one that is draining and was configured with the same
 * address, and 127.0.0.1:0 is the same for all of them: the new one would get the old one's clients (observed on 1.40). So each has a port that is
 * free at that moment, for as long as it is there.
 */
export class AddedListeners {
  private readonly ports = new Map<string, number>();

  /** @param there names of listeners that Envoy has, which keep the port that the kernel chose */
  async place(listeners: readonly ConfigObject[], there: ReadonlySet<string>): Promise<ConfigObject[]> {
    const names = new Set(listeners.map(({ name }) => String(name)));
    for (const name of this.ports.keys()) if (!names.has(name)) this.ports.delete(name);
    const placed: ConfigObject[] = [];
    for (const listener of listeners) {
      const name = String(listener["name"]);
      const address = listener["address"];
      const socket = isObject(address) ? address["socket_address"] : undefined;
      const anyPort = isObject(socket) && (socket["port_value"] ?? 0) === 0;
      if (anyPort && !there.has(name) && !this.ports.has(name)) this.ports.set(name, await freePort(String(socket["address"])));
      const port = this.ports.get(name);
      placed.push(anyPort && port !== undefined ? { ...listener, address: { socket_address: { ...socket, port_value: port } } } : listener);
    }
    return placed;
  }
}

/** A port that nobody has at this moment. */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, host, resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
