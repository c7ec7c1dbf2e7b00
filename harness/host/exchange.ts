import { toPairs } from "../client/headers.ts";
import { IncompleteResponse, toResponse } from "../client/response.ts";
import { abortError } from "../client/send.ts";
import type { HeaderPairs, HeadersInput } from "../upstreams/types.ts";
import type { Timer } from "./clock.ts";
import type { Counts } from "./counts.ts";
import { Body } from "./stream/body.ts";
import { HeaderMap } from "./stream/header-map.ts";
import type { Downstream, HttpStream } from "./stream/stream.ts";
import type { HostRequest, HostResponse, HostStream, PartialAnswer, PendingHostResponse } from "./types.ts";

/** What an exchange needs of its host. */
export interface ExchangeHost {
  /** Runs everything that can run now. */
  run(): void;
  /** Somebody waits for the exchange: time may pass. */
  awaited(exchange: Exchange): void;
  over(exchange: Exchange): void;
}

/** The client's end of one stream: sends the request, collects the answer, and is what the test holds. */
export class Exchange implements Downstream, HostStream {
  private status = 0;
  private pairs: HeaderPairs = [];
  private readonly parts: Buffer[] = [];
  private trailerPairs: HeaderPairs = [];
  private started = false;
  private complete = false;
  private outcome: { response: HostResponse } | { error: unknown } | undefined;
  private settle: ((outcome: NonNullable<Exchange["outcome"]>) => void) | undefined;
  private promise: Promise<HostResponse> | undefined;
  /** Set right after construction. */
  stream!: HttpStream;
  /** Ends it when nothing happens for too long. */
  idleTimer: Timer | undefined;
  private leaving = false;
  countsOf: () => Record<string, Counts> = () => ({});
  readonly response: PendingHostResponse;

  constructor(
    private readonly host: ExchangeHost,
    readonly request: HostRequest,
  ) {
    this.response = this.pending();
  }

  get settled(): boolean {
    return this.outcome !== undefined;
  }

  private get http2(): boolean {
    return this.request.protocol === "h2c" || this.request.protocol === "h2";
  }

  // The chain's side.

  headers(headers: HeaderMap, end: boolean): void {
    for (const name of ["connection", "transfer-encoding", "keep-alive", "proxy-connection"]) headers.remove(name);
    this.started = true;
    this.status = Number(headers.get(":status"));
    this.pairs = headers.pairs().filter(([name]) => !name.startsWith(":"));
    if (!this.http2) this.frame(headers, end);
    if (end) this.complete = true;
  }

  /** What the HTTP/1 codec adds. */
  private frame(headers: HeaderMap, end: boolean): void {
    const bodiless = this.request.method === "HEAD" || this.status === 204 || this.status === 304 || this.status < 200;
    if (!this.stream.requestComplete) this.pairs.push(["connection", "close"]);
    if (headers.has("content-length") || bodiless) return;
    this.pairs.push(end ? ["content-length", "0"] : ["transfer-encoding", "chunked"]);
  }

  data(bytes: Buffer, end: boolean): void {
    this.parts.push(bytes);
    if (end) this.complete = true;
  }

  trailers(trailers: HeaderMap): void {
    this.trailerPairs = trailers.pairs();
    this.complete = true;
  }

  reset(reason: string): void {
    this.finish({ error: new IncompleteResponse("MS0408", `the connection was closed: ${reason}`, this.soFar()) });
  }

  closed(): void {
    const parts = this.soFar();
    if (!this.complete || !parts) {
      this.finish({ error: this.leaving ? abortError() : new IncompleteResponse("MS0408", "the stream ended", parts) });
      return;
    }
    // The module's last callbacks still run: what they cost is asked for when the test looks.
    const response = toResponse(parts) as HostResponse;
    Object.defineProperty(response, "counts", { get: () => this.countsOf(), enumerable: false });
    this.finish({ response });
  }

  /** Ends it from outside: the host crashed or was stopped, or the stream hangs. */
  fail(error: unknown): void {
    this.finish({ error });
  }

  private finish(outcome: NonNullable<Exchange["outcome"]>): void {
    if (this.outcome) return;
    this.outcome = outcome;
    this.idleTimer?.cancel();
    this.host.over(this);
    this.settle?.(outcome);
  }

  private soFar() {
    if (!this.started) return undefined;
    const { status, pairs, trailerPairs } = this;
    const httpVersion = this.http2 ? "2.0" : "1.1";
    return { status, reason: "", httpVersion, headers: pairs, body: Buffer.concat(this.parts), trailers: trailerPairs, informational: [] };
  }

  // The test's side.

  get paused(): { request?: string; response?: string } {
    const { decode, encode, over } = { ...this.directions, over: this.stream.destroyed };
    const request = over ? undefined : decode.stoppedAt;
    const response = over ? undefined : encode.stoppedAt;
    return { ...(request === undefined ? {} : { request }), ...(response === undefined ? {} : { response }) };
  }

  private get directions() {
    return { decode: this.stream.decode, encode: this.stream.encode };
  }

  get requestHeaders(): HeaderPairs | undefined {
    return this.stream.requestHeaders?.pairs();
  }

  get responseHeaders(): HeaderPairs | undefined {
    return this.stream.responseHeaders?.pairs();
  }

  get answer(): PartialAnswer | undefined {
    const parts = this.soFar();
    return parts && { ...parts, complete: this.complete };
  }

  get details(): string | undefined {
    return this.stream.info.details;
  }

  get over(): boolean {
    return this.stream.destroyed;
  }

  resume(direction: "request" | "response"): void {
    const path = direction === "request" ? this.stream.decode : this.stream.encode;
    const stage = path.stages.find((one) => one.iteration !== "continue");
    if (!stage || this.stream.destroyed) return;
    this.stream.host.loop.post(() => path.continueFrom(stage, "resume()"));
    this.host.run();
  }

  write(data: string | Uint8Array): void {
    this.post(() => this.stream.decode.more(new Body(Buffer.from(data as string)), false));
  }

  end(data?: string | Uint8Array, trailers?: HeadersInput): void {
    if (data !== undefined) this.stream.host.loop.post(() => this.stream.decode.more(new Body(Buffer.from(data as string)), false));
    const pairs = toPairs(trailers);
    this.post(() => {
      if (pairs.length > 0) this.stream.decode.last(new HeaderMap("request trailers", pairs));
      else this.stream.decode.more(new Body(), true);
    });
  }

  abort(): void {
    this.leaving = true;
    this.post(() => this.stream.abandoned());
  }

  private post(task: () => void): void {
    this.stream.host.loop.post(() => {
      if (!this.stream.destroyed) task();
    });
    this.host.run();
  }

  /** A promise only when somebody asks for one. */
  private pending(): PendingHostResponse {
    const promised = (): Promise<HostResponse> => {
      this.promise ??= new Promise((resolve, reject) => {
        this.settle = (outcome) => ("response" in outcome ? resolve(outcome.response) : reject(outcome.error));
        if (this.outcome) this.settle(this.outcome);
      });
      if (!this.outcome) this.host.awaited(this);
      return this.promise;
    };
    return {
      // biome-ignore lint/suspicious/noThenProperty: awaiting is what lets virtual time pass
      then: (done, failed) => promised().then(done, failed),
      catch: (failed) => promised().catch(failed),
      finally: (done) => promised().finally(done),
      abort: () => this.abort(),
      stream: this,
      [Symbol.toStringTag]: "Promise",
    };
  }
}
