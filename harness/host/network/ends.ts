import { TcpConnection } from "../../tcp/connection.ts";

/** What the host does with what a test says on its end of a connection. */
export interface NetworkPeer {
  data(bytes: Buffer, end: boolean): void;
  reset(): void;
}

/** The loop, and what lets virtual time pass. */
export interface NetworkClock {
  post(task: () => void): void;
  run(): void;
  until(holds: () => boolean, limitMs: number): Promise<boolean>;
}

/** The client's or the upstream's end of a connection, without a socket. What is written arrives when the loop comes to it. */
export class HostConnection extends TcpConnection {
  private peer: NetworkPeer | undefined;
  /** Nothing more may be sent. */
  private sent = false;

  constructor(private readonly clock: NetworkClock) {
    super();
  }

  /** Whom it talks to; until then what is sent is lost. */
  open(peer: NetworkPeer): void {
    this.peer = peer;
  }

  write(data: string | Uint8Array): void {
    if (!this.sent) this.send(Buffer.from(data as string), false);
  }

  end(data: string | Uint8Array = ""): void {
    if (this.sent) return;
    this.sent = true;
    this.send(Buffer.from(data as string), true);
  }

  reset(): void {
    this.sent = true;
    this.clock.post(() => this.peer?.reset());
    this.finish("reset");
    this.clock.run();
  }

  private send(bytes: Buffer, end: boolean): void {
    this.clock.post(() => this.peer?.data(bytes, end));
    this.clock.run();
  }

  /** From the other side. */
  take(bytes: Buffer): void {
    this.arrive(bytes);
  }

  /** The other side is over. */
  endedBy(how: "end" | "reset"): void {
    this.finish(how);
  }

  protected override wait(holds: () => boolean, timeout: number): Promise<boolean> {
    return this.clock.until(holds, timeout);
  }
}
