import { setTimeout } from "node:timers/promises";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { parseDuration } from "../duration.ts";
import type { Address } from "../envoy/builders.ts";
import { serveTcp } from "../tcp/socket.ts";
import { serveHttp1 } from "./http1.ts";
import { serveHttp2 } from "./http2.ts";
import { UpstreamRecord } from "./record.ts";
import type { Handle, Listening } from "./serve.ts";
import type { ReceivedHead, UpstreamProtocol, UpstreamSpec } from "./types.ts";

/** A running upstream: shows what it received and lets the test decide how it answers. */
export class Upstream extends UpstreamRecord {
  private listening: Listening | undefined;
  readonly protocol: UpstreamProtocol;

  constructor(
    name: string,
    private readonly spec: UpstreamSpec = {},
  ) {
    super(name, spec.respond);
    this.protocol = spec.protocol ?? "http/1.1";
  }

  /** Starts listening. */
  async start(): Promise<this> {
    this.listening ??= await this.listen(this.spec.port ?? 0);
    return this;
  }

  protected listen(port: number): Promise<Listening> {
    if (this.protocol === "h2c") return serveHttp2(port, this.handle);
    if (this.protocol === "http/1.1") return serveHttp1(port, this.handle);
    return serveTcp(port, (connection) => {
      this.connected(connection);
      this.spec.accept?.(connection);
    });
  }

  get address(): Address {
    if (!this.listening) throw new MeshscriptError(diagnostic("MS0407", `upstream ${this.name} is not running`));
    return this.listening.address;
  }

  get url(): string {
    return `${this.protocol === "tcp" ? "tcp" : "http"}://${this.address.host}:${this.address.port}`;
  }

  async stop(): Promise<void> {
    const listening = this.listening;
    this.listening = undefined;
    await listening?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  protected readonly handle: Handle = (head, reply, reset) => {
    head.complete.then((request) => this.completed(request)).catch(() => undefined);
    this.arrived(head);
    this.answer(head, reply, reset).catch(() => reset());
  };

  private async answer(head: ReceivedHead, reply: Parameters<Handle>[1], reset: () => void): Promise<void> {
    const answer = await this.decide(head);
    await (typeof answer.delay === "string" ? setTimeout(parseDuration(answer.delay)) : answer.delay);
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
