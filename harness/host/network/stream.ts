import type { Address } from "../../envoy/builders.ts";
import type { Body } from "../stream/body.ts";
import { Body as Bytes } from "../stream/body.ts";
import type { Connection } from "../stream/stream.ts";
import type { HostConnection } from "./ends.ts";

/** Who closed a connection, in the ABI's numbers. */
export const Peer = { Unknown: 0, Local: 1, Remote: 2 } as const;

/** A network filter. Each answers whether the iteration goes on. */
export interface NetworkFilter {
  newConnection(): boolean;
  data(data: Body, end: boolean): boolean;
  write(data: Body, end: boolean): boolean;
  closed(by: number): void;
}

/** What a filter can do to its connection. */
export interface NetworkCallbacks {
  readonly stream: NetworkStream;
  continueReading(): void;
  close(): void;
}

/** Connects to the upstream; undefined when nobody is there. */
export type Dial = (stream: NetworkStream) => HostConnection | undefined;

export interface NetworkInfo {
  start: number;
  filterState: Map<string, Buffer>;
  cluster: string | undefined;
  upstreamHost: Address | undefined;
}

/**
 * A TCP connection of a listener: its network filters, and behind them what Envoy's `tcp_proxy` does. Bytes of the client go through the
 * filters in their order, those of the upstream in the reverse one; a filter that stops keeps what came, and sees it again with what comes
 * next (source/common/network/filter_manager_impl.cc, connection_impl.cc).
 */
export class NetworkStream {
  private filters: NetworkFilter[] = [];
  /** Filters that have heard of the connection. */
  private initialized = 0;
  private over = false;
  /** From the client, not yet taken by `tcp_proxy`. */
  private readonly reading = new Bytes();
  private readEnd = false;
  /** From the upstream, not yet on its way to the client. */
  private readonly writing = new Bytes();
  private writeEnd = false;
  /** `tcp_proxy` reads nothing before its upstream is there. */
  private waiting: { bytes: Buffer; end: boolean }[] | undefined = [];
  private upstream: HostConnection | undefined;
  private upstreamOver = false;
  /** Bytes of the client that were read, and bytes of the upstream that have gone through all filters. */
  readonly bytes = { received: 0, sent: 0 };

  constructor(
    readonly connection: Connection,
    readonly info: NetworkInfo,
    private readonly client: HostConnection,
    private readonly dial: Dial,
    private readonly post: (task: () => void) => void,
    private readonly onEnd: () => void,
  ) {}

  /** @param make a filter, given what it can do; undefined when it is passed over */
  begin(makers: readonly ((callbacks: NetworkCallbacks) => NetworkFilter | undefined)[]): void {
    makers.forEach((make) => {
      const callbacks: NetworkCallbacks = {
        stream: this,
        continueReading: () => this.iterate(this.filters.indexOf(filter as NetworkFilter) + 1),
        close: () => this.close(Peer.Local),
      };
      const filter = make(callbacks);
      if (filter) this.filters.push(filter);
    });
    this.client.open({
      data: (bytes, end) => this.read(bytes, end),
      reset: () => this.close(Peer.Remote, true),
    });
    this.post(() => this.iterate(0));
  }

  private read(bytes: Buffer, end: boolean): void {
    if (this.over) return;
    if (this.waiting) {
      this.waiting.push({ bytes, end });
      return;
    }
    this.reading.append(bytes);
    this.bytes.received += bytes.length;
    this.readEnd ||= end;
    this.iterate(0);
    // Both directions have ended: Envoy takes it for the client's doing.
    if (this.readEnd && this.writeEnd && !this.over) this.close(Peer.Remote);
  }

  /** Goes through the filters from one on, and behind the last to the proxy. */
  private iterate(from: number): void {
    for (let i = from; i < this.filters.length; i++) {
      const filter = this.filters[i] as NetworkFilter;
      if (this.over) return;
      if (i >= this.initialized) {
        this.initialized = i + 1;
        if (!filter.newConnection() || this.over) return;
      }
      if ((this.reading.length > 0 || this.readEnd) && (!filter.data(this.reading, this.readEnd) || this.over)) return;
    }
    if (!this.over) this.proxy();
  }

  private proxy(): void {
    if (this.upstream === undefined) {
      if (this.waiting) this.connect();
      return;
    }
    const bytes = this.reading.bytes();
    this.reading.drain(bytes.length);
    const { upstream, readEnd } = this;
    this.post(() => {
      upstream.take(bytes);
      if (readEnd) upstream.endedBy("end");
    });
  }

  private connect(): void {
    const upstream = this.dial(this);
    if (upstream === undefined) {
      this.post(() => this.close(Peer.Local));
      return;
    }
    this.upstream = upstream;
    upstream.open({
      data: (bytes, end) => this.write(bytes, end),
      reset: () => {
        this.upstreamOver = true;
        this.close(Peer.Local, true);
      },
    });
    const waiting = this.waiting ?? [];
    this.waiting = undefined;
    for (const { bytes, end } of waiting) this.post(() => this.read(bytes, end));
  }

  /** From the upstream, through the filters from the last to the first. */
  private write(bytes: Buffer, end: boolean): void {
    if (this.over) return;
    this.writing.append(bytes);
    for (const filter of [...this.filters].reverse()) if (!filter.write(this.writing, end) || this.over) return;
    const sent = this.writing.bytes();
    this.writing.drain(sent.length);
    this.bytes.sent += sent.length;
    this.client.take(sent);
    if (!end) return;
    this.writeEnd = true;
    this.client.endedBy("end");
    // Both directions have ended, the upstream's last: the proxy closes.
    if (this.readEnd) {
      this.upstreamOver = true;
      this.close(Peer.Local);
    }
  }

  /** @param reset the other side broke the connection: so is the one that is left */
  private close(by: number, reset = false): void {
    if (this.over) return;
    this.over = true;
    // A socket that is closed with bytes in it that nobody has read is reset by the kernel.
    const unread = this.waiting?.some(({ bytes }) => bytes.length > 0) ?? false;
    this.client.endedBy(reset || unread ? "reset" : "end");
    if (!this.upstreamOver) this.upstream?.endedBy(reset ? "reset" : "end");
    for (const filter of this.filters) filter.closed(by);
    this.onEnd();
  }
}
