import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import type { Address } from "../envoy/builders.ts";
import { serveHttp1 } from "./http1.ts";
import { serveHttp2 } from "./http2.ts";
import type { Handle, Listening } from "./serve.ts";
import type { ReceivedHead, ReceivedRequest, Responder, UpstreamSpec } from "./types.ts";

/** A running upstream: shows what it received and lets the test decide how it answers. */
export class Upstream {
  private readonly heads: ReceivedHead[] = [];
  private readonly whole: ReceivedRequest[] = [];
  private waiting: { index: number; resolve: (head: ReceivedHead) => void }[] = [];
  private taken = 0;
  private responder: Responder;
  private listening: Listening | undefined;
  readonly protocol: "http/1.1" | "h2c";

  constructor(
    readonly name: string,
    private readonly spec: UpstreamSpec = {},
  ) {
    this.responder = spec.respond ?? {};
    this.protocol = spec.protocol ?? "http/1.1";
  }

  /** Starts listening. */
  async start(): Promise<this> {
    const serve = this.protocol === "h2c" ? serveHttp2 : serveHttp1;
    this.listening ??= await serve(this.spec.port ?? 0, this.handle);
    return this;
  }

  get address(): Address {
    if (!this.listening) throw new MeshscriptError(diagnostic("MS0407", `upstream ${this.name} is not running`));
    return this.listening.address;
  }

  get url(): string {
    return `http://${this.address.host}:${this.address.port}`;
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
    this.taken = 0;
  }

  async stop(): Promise<void> {
    const listening = this.listening;
    this.listening = undefined;
    await listening?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  private readonly handle: Handle = (head, reply, reset) => {
    this.heads.push(head);
    head.complete.then((request) => this.whole.push(request)).catch(() => undefined);
    for (const entry of this.waiting.filter(({ index }) => index < this.heads.length)) {
      const arrived = this.heads[entry.index];
      if (arrived) entry.resolve(arrived);
    }
    this.waiting = this.waiting.filter(({ index }) => index >= this.heads.length);
    this.answer(head, reply, reset).catch(() => reset());
  };

  private async answer(head: ReceivedHead, reply: Parameters<Handle>[1], reset: () => void): Promise<void> {
    const answer = typeof this.responder === "function" ? await this.responder(head) : this.responder;
    await answer.delay;
    if (answer.reset === "before-headers") return reset();
    // The whole request first: an answer in the middle of an upload would make Envoy close the connection. A responder that
    // wants to answer early sets `early`.
    if (!answer.early) await head.complete.catch(() => undefined);
    await reply(answer);
  }
}

/**
 * Starts an upstream of its own, without an Envoy.
 * @example
 * await using reviews = await openUpstream({ respond: { status: 200, body: "five stars" } });
 */
export async function openUpstream(spec: UpstreamSpec = {}, name = "upstream"): Promise<Upstream> {
  return new Upstream(name, spec).start();
}
