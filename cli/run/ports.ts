import { createServer } from "node:net";
import { type Diagnostic, MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import type { Address, ConfigObject } from "../../harness/index.ts";

/**
 * Tries to bind every fixed port of a bootstrap. Envoy would not tell: its listeners set SO_REUSEPORT, so two Envoys of one user share a
 * port in silence, and each gets a part of the connections.
 *
 * @throws MeshscriptError MS0505, one finding per port.
 */
export async function checkPorts(config: ConfigObject): Promise<void> {
  const results = await Promise.all(fixedAddresses(config).map(({ address, what }) => problem(address, what)));
  const found = results.filter((result): result is Diagnostic => result !== undefined);
  if (found.length > 0) throw new MeshscriptError(found);
}

function fixedAddresses(config: ConfigObject): { address: Address; what: string }[] {
  const admin = socketOf(at(config, "admin"));
  const listeners = at(config, "static_resources", "listeners");
  const sockets = (Array.isArray(listeners) ? (listeners as unknown[]) : []).flatMap((listener) => {
    const address = socketOf(listener);
    return address ? [{ address, what: `listener ${String(at(listener, "name") ?? "")}`.trim() }] : [];
  });
  return [...(admin ? [{ address: admin, what: "admin" }] : []), ...sockets];
}

function socketOf(holder: unknown): Address | undefined {
  const socket = at(holder, "address", "socket_address");
  const [host, port, protocol] = [at(socket, "address"), Number(at(socket, "port_value")), at(socket, "protocol")];
  if (typeof host !== "string" || !(port > 0) || protocol === "UDP" || at(holder, "bind_to_port") === false) return undefined;
  return { host, port };
}

function at(value: unknown, ...path: string[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Record<string, unknown>)[key];
  }
  return current;
}

function problem({ host, port }: Address, what: string): Promise<Diagnostic | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      const reason = REASONS[error.code ?? ""] ?? `cannot be bound: ${error.message}`;
      resolve(diagnostic("MS0505", `${host.includes(":") ? `[${host}]` : host}:${port} ${reason} (${what})`));
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

const REASONS: Record<string, string> = {
  EADDRINUSE: "is in use",
  EACCES: "needs a permission that this user does not have",
  EADDRNOTAVAIL: "is no address of this machine",
};
