import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import type { TcpConnection } from "../tcp/connection.ts";
import type { ReceivedHead, ReceivedRequest, Responder, UpstreamResponse } from "./types.ts";

/** What any upstream has, on a socket or in the process: what it received, and how it answers. */
export class UpstreamRecord {
  private readonly heads: ReceivedHead[] = [];
  private readonly whole: ReceivedRequest[] = [];
  private waiting: { index: number; resolve: (head: ReceivedHead) => void }[] = [];
  private taken = 0;
  protected responder: Responder;
  private readonly accepted: TcpConnection[] = [];

  constructor(
    readonly name: string,
    responder: Responder = {},
  ) {
    this.responder = responder;
  }

  /** All requests that arrived whole, in the order of their completion. */
  get requests(): readonly ReceivedRequest[] {
    return this.whole;
  }

  /** All requests whose headers arrived, in order. */
  get arrivals(): readonly ReceivedHead[] {
    return this.heads;
  }

  /**
   * The headers of a request, as soon as they arrive.
   *
   * @param n which one, from 1, since the start or the last `clear()` [the next one that no earlier call has returned].
   * @param timeout milliseconds [5000].
   * @throws MeshscriptError MS0409 after the timeout.
   * @example
   * await envoy.upstream("authorizer").received();
   */
  received(n?: number, { timeout = 5_000 }: { timeout?: number } = {}): Promise<ReceivedHead> {
    const index = n === undefined ? this.taken : n - 1;
    if (n === undefined) this.taken += 1;
    const there = this.heads[index];
    if (there) return Promise.resolve(there);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting = this.waiting.filter((one) => one !== entry);
        const message = `upstream ${this.name} received ${this.heads.length} requests within ${timeout} ms, number ${index + 1} was waited for`;
        reject(new MeshscriptError(diagnostic("MS0409", message)));
      }, timeout);
      const entry = {
        index,
        resolve: (head: ReceivedHead) => {
          clearTimeout(timer);
          resolve(head);
        },
      };
      this.waiting.push(entry);
    });
  }

  /** Of a `tcp` upstream: all connections that it accepted, in order. */
  get connections(): readonly TcpConnection[] {
    return this.accepted;
  }

  /** Answers like this from now on. */
  respond(responder: Responder): void {
    this.responder = responder;
  }

  /** Breaks the connection of every request from now on, before any header. */
  reset(): void {
    this.responder = { reset: "before-headers" };
  }

  /** Forgets what was received; how it answers stays. */
  clear(): void {
    this.heads.length = 0;
    this.whole.length = 0;
    this.accepted.length = 0;
    this.taken = 0;
  }

  protected connected(connection: TcpConnection): void {
    this.accepted.push(connection);
  }

  protected arrived(head: ReceivedHead): void {
    this.heads.push(head);
    for (const entry of this.waiting.filter(({ index }) => index < this.heads.length)) {
      const there = this.heads[entry.index];
      if (there) entry.resolve(there);
    }
    this.waiting = this.waiting.filter(({ index }) => index >= this.heads.length);
  }

  protected completed(request: ReceivedRequest): void {
    this.whole.push(request);
  }

  /** What the responder says to a request; a promise only if it is one. */
  protected decide(head: ReceivedHead): UpstreamResponse | Promise<UpstreamResponse> {
    return typeof this.responder === "function" ? this.responder(head) : this.responder;
  }
}
