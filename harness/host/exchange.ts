import { STATUS_CODES } from "node:http";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { toPairs, valuesOf } from "../client/headers.ts";
import { IncompleteResponse, type ResponseParts } from "../client/response.ts";
import { abortError } from "../client/send.ts";
import type { TlsSession } from "../client/types.ts";
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
  /** What was agreed on, if it is TLS. */
  session: TlsSession | undefined;
  /** Of the VMs in its chain. */
  vmIds: ReadonlySet<string> = new Set();
  /** Ends it when nothing happens for too long. */
  idleTimer: Timer | undefined;
  /** When the client gives up. */
  timeoutTimer: Timer | undefined;
  /** 1xx answers that came before. */
  readonly informational: number[] = [];
  /** Why the client left, if it did. */
  private leaving: { reason: unknown } | undefined;
  private ended = false;
  /** Told when the outcome is there. */
  onSettled: () => void = () => undefined;
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
    // A client reads three digits.
    this.status = Number((headers.get(":status") ?? "").slice(0, 3));
    this.pairs = headers.pairs().filter(([name]) => !name.startsWith(":"));
    if (!this.http2) this.frame(headers, end);
    if (end) this.complete = true;
  }

  private get bodiless(): boolean {
    return this.request.method === "HEAD" || !this.mayHaveBody;
  }

  private get mayHaveBody(): boolean {
    return this.status !== 204 && this.status !== 304 && !(this.status >= 100 && this.status < 200);
  }

  /** Over HTTP/1 a client takes 1xx for a first word, and waits for the answer. */
  private get interim(): boolean {
    return !this.http2 && this.status >= 100 && this.status < 200 && this.status !== 101;
  }

  /** What the HTTP/1 codec adds, and what a client makes of header values that hold line ends. */
  private frame(headers: HeaderMap, end: boolean): void {
    const { bodiless } = this;
    if (this.pairs.some(([, value]) => /[\r\n]/.test(value))) this.pairs = this.pairs.flatMap(splitLines);
    if (!this.stream.requestRead) {
      this.pairs.push(["connection", "close"]);
      // Log callbacks see it.
      headers.add("connection", "close");
    }
    const head = this.request.method === "HEAD";
    if (headers.has("content-length") || (head ? !this.mayHaveBody : bodiless)) return;
    // Of an answer to HEAD without a length the codec says that it would come in chunks.
    this.pairs.push(end && !head ? ["content-length", "0"] : ["transfer-encoding", "chunked"]);
  }

  data(bytes: Buffer, end: boolean): void {
    if (!this.bodiless) this.parts.push(bytes);
    if (end) this.complete = true;
  }

  trailers(trailers: HeaderMap): void {
    // HTTP/1 has no room for trailers behind a body whose length was announced.
    if (this.http2 || (this.stream.settings.trailers && this.announced === undefined)) this.trailerPairs = trailers.pairs();
    this.complete = true;
  }

  reset(reason: string): void {
    const parts = this.soFar();
    if (parts && this.hasAll(parts.body.length)) {
      this.finish({ response: this.answerOf(parts) });
      return;
    }
    this.finish({ error: new IncompleteResponse("MS0408", `the connection was closed: ${reason}`, this.soFar()) });
  }

  closed(): void {
    const parts = this.soFar();
    if (this.complete && parts && this.contradicts(parts.body.length)) {
      this.finish({ error: new IncompleteResponse("MS0408", "the body has another length than announced", { ...parts, trailers: [] }) });
      return;
    }
    if (this.complete && (parts === undefined || this.waitsInVain(parts.body.length))) {
      this.timedOut();
      return;
    }
    if (!this.complete || !parts) {
      this.finish({ error: this.leaving ? this.leaving.reason : new IncompleteResponse("MS0408", "the stream ended", parts) });
      return;
    }
    this.finish({ response: this.answerOf(parts) });
  }

  /** A client over HTTP/1 waits for as many bytes as were announced. */
  private waitsInVain(length: number): boolean {
    if (this.http2) return false;
    const announced = this.announced;
    return announced !== undefined && !this.bodiless && length < Number(announced);
  }

  private answerOf(parts: ResponseParts): HostResponse {
    const answer = new Answer(parts, this.countsOf);
    return this.session ? Object.assign(answer, { tls: this.session }) : answer;
  }

  /** Over HTTP/1 a client that has as many bytes as were announced does not care what the connection does then. */
  private hasAll(length: number): boolean {
    if (this.http2) return false;
    return this.bodiless || (this.announced !== undefined && length >= Number(this.announced));
  }

  /** Over HTTP/2 a client gives up a stream whose body is shorter or longer. */
  private contradicts(length: number): boolean {
    return this.http2 && this.announced !== undefined && !this.bodiless && length !== Number(this.announced);
  }

  private get announced(): string | undefined {
    return this.pairs.find(([name]) => name === "content-length")?.[1];
  }

  /** The client gives up. */
  timedOut(): void {
    const { timeout = 10_000 } = this.request;
    const error = new IncompleteResponse("MS0409", `no complete answer within ${timeout} ms,`, this.soFar());
    this.leaving ??= { reason: error };
    if (!this.stream.destroyed) this.post(() => this.stream.abandoned());
    this.finish({ error });
  }

  /** Ends it from outside: the host crashed or was stopped, or the stream hangs. */
  fail(error: unknown): void {
    this.finish({ error });
  }

  private finish(outcome: NonNullable<Exchange["outcome"]>): void {
    if (this.outcome) return;
    this.outcome = outcome;
    this.idleTimer?.cancel();
    this.timeoutTimer?.cancel();
    this.onSettled();
    this.host.over(this);
    this.settle?.(outcome);
  }

  private soFar() {
    if (!this.started || this.interim) return undefined;
    const { status, pairs, trailerPairs } = this;
    const announced = this.http2 ? undefined : this.announced;
    // What is more than announced is not part of the answer.
    const whole = this.parts.length === 1 ? (this.parts[0] as Buffer) : Buffer.concat(this.parts);
    const body = announced !== undefined && whole.length > Number(announced) ? whole.subarray(0, Number(announced)) : whole;
    const httpVersion = this.http2 ? "2.0" : "1.1";
    const reason = this.http2 ? "" : (STATUS_CODES[status] ?? "Unknown");
    return { status, reason, httpVersion, headers: pairs, body, trailers: trailerPairs, informational: [...this.informational] };
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
    this.mustBeOpen("write");
    this.post(() => this.stream.decode.more(new Body(Buffer.from(data as string)), false));
  }

  end(data?: string | Uint8Array, trailers?: HeadersInput): void {
    this.mustBeOpen("end");
    this.ended = true;
    if (data !== undefined) this.stream.host.loop.post(() => this.stream.decode.more(new Body(Buffer.from(data as string)), false));
    this.post(() => this.finishRequest(toPairs(trailers)));
  }

  private mustBeOpen(verb: string): void {
    if (this.ended) throw new MeshscriptError(diagnostic("MS0407", `${verb}() after the end of the request`));
  }

  /** The last of the request arrives. */
  finishRequest(trailers: HeaderPairs): void {
    if (this.stream.destroyed) return;
    const { decode, settings } = this.stream;
    if (trailers.length > 0 && (this.http2 || settings.trailers)) decode.last(new HeaderMap("request trailers", trailers));
    else decode.more(new Body(), true);
  }

  abort(): void {
    this.leave(abortError());
  }

  /** @param reason what the answer is rejected with */
  leave(reason: unknown): void {
    this.leaving ??= { reason };
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

/** A line end in a value begins another header: that is what response splitting is. */
function splitLines([name, value]: [string, string]): HeaderPairs {
  const [first = "", ...rest] = value.split(/\r\n|\n|\r/);
  return [[name, first], ...rest.map((line): [string, string] => [line.replace(/:.*$/s, ""), line.replace(/^[^:]*:?\s*/, "")])];
}

/** A complete answer. The module's last callbacks run behind it: what they cost is asked for when the test looks. */
class Answer implements HostResponse {
  readonly status: number;
  readonly reason: string;
  readonly httpVersion: string;
  readonly headers: HeaderPairs;
  readonly body: Buffer;
  readonly trailers: HeaderPairs;
  readonly informational: number[];

  constructor(
    parts: ResponseParts,
    private readonly countsOf: () => Record<string, Counts>,
  ) {
    this.status = parts.status;
    this.reason = parts.reason;
    this.httpVersion = parts.httpVersion;
    this.headers = parts.headers;
    this.body = parts.body;
    this.trailers = parts.trailers;
    this.informational = parts.informational;
  }

  get counts(): Record<string, Counts> {
    return this.countsOf();
  }

  header(name: string): string | undefined {
    return valuesOf(this.headers, name)[0];
  }

  headerValues(name: string): string[] {
    return valuesOf(this.headers, name);
  }

  text(): string {
    return this.body.toString("utf8");
  }

  json(): unknown {
    return JSON.parse(this.text()) as unknown;
  }
}
