import { connect } from "node:net";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import type { Address } from "../envoy/builders.ts";

export interface RawOptions {
  /** Ends the reading when it says true of what came so far [never: until the peer closes]. */
  until?: (received: Buffer) => boolean;
  /** Ends the reading when nothing came for so many milliseconds after the first byte [no limit]. */
  idle?: number;
  /** Closes our direction after the bytes [false: Envoy takes a half-closed HTTP/1 connection for a client that left]. */
  end?: boolean;
  /** Milliseconds until it gives up [10000]. */
  timeout?: number;
}

/**
 * Sends bytes as they are and returns all that comes back: for requests that no HTTP client would send.
 *
 * @throws MeshscriptError MS0409 after `timeout`, with what came until then.
 * @example
 * const answer = await raw(address, "GET / HTTP/1.1\r\n\r\n", { until: (bytes) => bytes.includes("\r\n\r\n") });
 */
export function raw(address: Address, bytes: string | Uint8Array, options: RawOptions = {}): Promise<Buffer> {
  const { until, idle, end = false, timeout = 10_000 } = options;
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const all = () => Buffer.concat(received);
    let quiet: NodeJS.Timeout | undefined;
    const socket = connect({ host: address.host, port: address.port, noDelay: true });
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      clearTimeout(quiet);
      socket.destroy();
      settle();
    };
    const timer = setTimeout(() => {
      const came = JSON.stringify(all().subarray(0, 500).toString("latin1"));
      finish(() =>
        reject(new MeshscriptError(diagnostic("MS0409", `the connection was still open after ${timeout} ms; received ${came}`))),
      );
    }, timeout);
    socket.on("data", (data) => {
      received.push(data);
      clearTimeout(quiet);
      if (idle !== undefined) quiet = setTimeout(() => finish(() => resolve(all())), idle);
      if (until?.(all())) finish(() => resolve(all()));
    });
    socket.on("end", () => finish(() => resolve(all())));
    // A reset is an answer too: what came before it counts.
    socket.on("error", (error: NodeJS.ErrnoException) => {
      finish(() => (error.code === "ECONNRESET" ? resolve(all()) : reject(error)));
    });
    const data = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
    if (end) socket.end(data);
    else socket.write(data);
  });
}
