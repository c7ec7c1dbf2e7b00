import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";

/** How the other side ended: it sends nothing more (FIN), or the connection broke (RST, refused). */
export type TcpEnd = "end" | "reset";

/** One end of a TCP connection, in the hands of a test; the same on sockets and in the in-process host. */
export abstract class TcpConnection {
  private parts: Buffer[] = [];
  private over: TcpEnd | undefined;
  private readonly waiting = new Set<() => void>();

  /** Told when bytes have come; `received` holds them. For an upstream that answers by itself. */
  onData: () => void = () => undefined;
  /** Told when the other side has ended. */
  onEnd: (how: TcpEnd) => void = () => undefined;

  /** Sends bytes; text as UTF-8. What is sent on a connection that is over is lost. */
  abstract write(data: string | Uint8Array): void;
  /** Sends the last bytes. The other side may go on. */
  abstract end(data?: string | Uint8Array): void;
  /** Breaks the connection. */
  abstract reset(): void;

  /** All that has come so far. */
  get received(): Buffer {
    if (this.parts.length > 1) this.parts = [Buffer.concat(this.parts)];
    return this.parts[0] ?? Buffer.alloc(0);
  }

  /** The same as UTF-8. */
  text(): string {
    return this.received.toString();
  }

  /** How the other side ended; undefined while it has not. */
  get ended(): TcpEnd | undefined {
    return this.over;
  }

  /**
   * Waits until so many bytes have come, or bytes that hold a text.
   * @param options.timeout milliseconds [5000]
   * @throws (rejects) MeshscriptError MS0409 after the timeout, or when the connection ended without; with what came until then.
   * @example
   * connection.write("PING\r\n");
   * await connection.receive("PONG\r\n");
   */
  async receive(what: number | string, { timeout = 5_000 }: { timeout?: number } = {}): Promise<Buffer> {
    const there = () => (typeof what === "number" ? this.received.length >= what : this.received.includes(what));
    const wanted = typeof what === "number" ? `${what} bytes` : JSON.stringify(what);
    if (!(await this.wait(() => there() || this.over !== undefined, timeout)) || !there()) throw this.missed(wanted, timeout);
    return this.received;
  }

  /** Waits until the other side has ended. @throws (rejects) MeshscriptError MS0409 */
  async closed({ timeout = 5_000 }: { timeout?: number } = {}): Promise<TcpEnd> {
    if (!(await this.wait(() => this.over !== undefined, timeout)) || this.over === undefined) throw this.missed("the end", timeout);
    return this.over;
  }

  private missed(wanted: string, timeout: number): MeshscriptError {
    const why = this.over === undefined ? `within ${timeout} ms` : `before the connection ended (${this.over})`;
    const came = JSON.stringify(this.received.subarray(0, 200).toString("latin1"));
    return new MeshscriptError(diagnostic("MS0409", `${wanted} did not come ${why}; what came: ${came}`));
  }

  /** Waits until something is so that `arrive` or `finish` can change. @returns false after the timeout */
  protected wait(holds: () => boolean, timeout: number): Promise<boolean> {
    if (holds()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const done = (held: boolean) => {
        clearTimeout(timer);
        this.waiting.delete(look);
        resolve(held);
      };
      const look = () => holds() && done(true);
      const timer = setTimeout(() => done(false), timeout);
      this.waiting.add(look);
    });
  }

  /** Bytes have come. */
  protected arrive(bytes: Uint8Array): void {
    if (this.over !== undefined || bytes.length === 0) return;
    this.parts.push(Buffer.from(bytes));
    this.onData();
    this.changed();
  }

  /** The other side has ended. A reset may still come behind an end. */
  protected finish(how: TcpEnd): void {
    if (this.over === "reset" || this.over === how) return;
    this.over = how;
    this.onEnd(how);
    this.changed();
  }

  private changed(): void {
    for (const look of [...this.waiting]) look();
  }
}
