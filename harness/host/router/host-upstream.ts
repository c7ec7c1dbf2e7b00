import { METHODS } from "node:http";
import { MeshscriptError } from "../../../diagnostics/index.ts";
import { valuesOf, wholeBody } from "../../client/headers.ts";
import { parseDuration } from "../../duration.ts";
import type { Address } from "../../envoy/builders.ts";
import type { TcpConnection } from "../../tcp/connection.ts";
import { type Head, receive } from "../../upstreams/received.ts";
import { UpstreamRecord } from "../../upstreams/record.ts";
import type { HeaderPairs, ReceivedHead, UpstreamProtocol, UpstreamResponse, UpstreamSpec } from "../../upstreams/types.ts";
import type { VirtualClock } from "../clock.ts";
import { EnvoyCrash, notInHost } from "../failure.ts";
import type { HostLogs } from "../logs.ts";
import type { EventLoop } from "../loop.ts";
import type { Outside } from "../outside.ts";

/** What an upstream sends back, piece by piece. */
export interface ResponseSink {
  headers(pairs: HeaderPairs, status: number, end: boolean): void;
  data(bytes: Buffer, end: boolean): void;
  trailers(pairs: HeaderPairs): void;
  /** @param violation of the protocol, by one side: an answer in chunks that have no end, a request that an HTTP/2 server does not take */
  reset(violation?: boolean): void;
}

/** A request that an upstream is receiving. */
export interface Exchange {
  data(bytes: Buffer): void;
  complete(trailers: HeaderPairs): void;
  /** Envoy gave it up. */
  abandon(): void;
}

/** Runs later, on the host's loop. */
export type Post = (task: () => void) => void;

/** What an upstream needs of its host. */
export interface UpstreamHost {
  loop: EventLoop;
  clock: VirtualClock;
  logs: HostLogs;
  outside: Outside;
  /** Something was posted from outside the loop. */
  wake: () => void;
}

/** An upstream without a socket: the same verbs as `Upstream`. */
export class HostUpstream extends UpstreamRecord {
  readonly protocol: UpstreamProtocol;

  constructor(
    name: string,
    private readonly spec: UpstreamSpec,
    readonly address: Address,
    private readonly host: UpstreamHost,
  ) {
    super(name, spec.respond);
    this.protocol = spec.protocol ?? "http/1.1";
  }

  get url(): string {
    return `http://${this.address.host}:${this.address.port}`;
  }

  /** There is nothing to start or to stop: only so that it has all of `Upstream`'s verbs. */
  async stop(): Promise<void> {}

  /** A connection of a `tcp` upstream. */
  accept(connection: TcpConnection): void {
    this.connected(connection);
    this.spec.accept?.(connection);
  }

  open(head: Head, sink: ResponseSink): Exchange {
    if (this.protocol === "tcp") throw notInHost(`a request to the upstream ${this.name}, which speaks \`tcp\``);
    const refusal = this.protocol === "http/1.1" ? refusedByParser(head, () => this.host.clock.text.http) : undefined;
    if (refusal !== undefined) {
      this.host.loop.post(() => (refusal === "broken" ? sink.reset() : this.deliver(refusal, head, sink)));
      return { data: () => undefined, complete: () => undefined, abandon: () => undefined };
    }
    const violates = this.protocol === "h2c" && refusedByHttp2(head);
    if (violates) {
      this.host.loop.post(() => sink.reset(true));
      return { data: () => undefined, complete: () => undefined, abandon: () => undefined };
    }
    const received = receive(head);
    const length = lengthOf(head);
    const body: Buffer[] = [];
    let over = false;
    let whole = false;
    let answered: (() => void) | undefined;
    this.arrived(received.head);
    const answer = (response: UpstreamResponse) => {
      const deliver = () => {
        if (over) return;
        try {
          this.deliver(response, head, sink);
        } catch (error) {
          // What goes wrong behind the upstream, in Envoy, is not its fault.
          if (error instanceof MeshscriptError) throw error;
          this.broken(error, () => sink.reset());
        }
      };
      // The whole request first, as with the upstream on a socket, unless the responder wants otherwise.
      if (whole || response?.early || response?.reset === "before-headers") this.host.loop.post(deliver);
      else answered = () => this.host.loop.post(deliver);
    };
    const decide = () => this.whenDecided(received.head, answer, () => sink.reset());
    this.host.loop.post(decide);
    return {
      data: (bytes) => void body.push(bytes),
      complete: (trailers) => {
        const bytes = Buffer.concat(body);
        if (this.protocol === "h2c" && trailers.some(isBadTe)) {
          this.host.loop.post(() => sink.reset(true));
          return;
        }
        // Less than was announced: the upstream waits for the rest.
        if (length !== undefined && bytes.length < length) return;
        if (length !== undefined && bytes.length > length) throw smuggled(length, bytes.length);
        whole = true;
        this.completed(received.complete(bytes, trailers));
        answered?.();
      },
      abandon: () => {
        if (over) return;
        over = true;
        if (!whole) received.fail(new Error("the client left before the request was complete"));
      },
    };
  }

  /** Without a promise in between unless the responder made one. */
  private whenDecided(head: ReceivedHead, answer: (response: UpstreamResponse) => void, fail: () => void): void {
    let decided: UpstreamResponse | Promise<UpstreamResponse>;
    try {
      decided = this.decide(head);
    } catch (error) {
      this.broken(error, fail);
      return;
    }
    if (decided instanceof Promise) {
      this.whenSettled(decided, (response) => this.afterDelay(response, answer, fail), fail);
    } else this.afterDelay(decided, answer, fail);
  }

  private afterDelay(response: UpstreamResponse, answer: (response: UpstreamResponse) => void, fail: () => void): void {
    // A responder of a test in JavaScript may answer anything.
    const delay = (response as UpstreamResponse | undefined)?.delay;
    if (typeof delay === "string") this.host.clock.after(parseDuration(delay), () => answer(response));
    else if (delay === undefined) answer(response);
    else this.whenSettled(delay, () => answer(response), fail);
  }

  private whenSettled<T>(promise: Promise<T>, then: (value: T) => void, fail: () => void): void {
    const done = this.host.outside.begin();
    const settle = (task: () => void) => {
      done();
      this.host.loop.post(task);
      this.host.wake();
    };
    promise.then(
      (value) => settle(() => then(value)),
      (error: unknown) => settle(() => this.broken(error, fail)),
    );
  }

  /** As with an upstream on a socket, the connection breaks; the log says why. */
  private broken(error: unknown, fail: () => void): void {
    this.host.logs.envoy(
      "error",
      "upstream",
      `the responder of upstream ${this.name} failed: ${error instanceof Error ? error.message : String(error)}`,
    );
    fail();
  }

  private deliver(answer: UpstreamResponse, { method }: Head, sink: ResponseSink): void {
    if (answer.reset === "before-headers") {
      sink.reset();
      return;
    }
    const { status = 200, body } = answer;
    const trailers = pairsOf(answer.trailers);
    const headers = pairsOf(answer.headers);
    const bodiless = status === 204 || status === 304 || status < 200;
    if (this.protocol === "http/1.1") this.frame(answer, headers, trailers, bodiless);
    else if (valuesOf(headers, "date").length === 0) headers.push(["date", this.host.clock.text.http]);
    if (body !== undefined && typeof body === "object" && Symbol.asyncIterator in body) {
      void this.stream(headers, status, body, answer, sink);
      return;
    }
    const bytes = piecesOf(body);
    const chunked = valuesOf(headers, "transfer-encoding").some((value) => /chunked/i.test(value));
    const without = bytes.length === 0 && trailers.length === 0 && answer.reset === undefined && (!chunked || bodiless);
    const empty = without || method === "HEAD";
    sink.headers(headers, status, empty);
    if (empty) return;
    // All of it is there at once: nothing that is posted meanwhile comes in between, as in one read of a socket.
    for (const piece of bytes) sink.data(piece, false);
    this.finish(answer, trailers, sink);
  }

  /** The headers that Node's server adds, which Envoy shows to filters. */
  private frame(answer: UpstreamResponse, headers: HeaderPairs, trailers: HeaderPairs, bodiless: boolean): void {
    const whole = trailers.length === 0 && answer.reset === undefined ? wholeBody(answer.body) : undefined;
    const framed = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
    if (!framed && !bodiless) headers.push(whole ? ["content-length", String(whole.length)] : ["transfer-encoding", "chunked"]);
    headers.push(["connection", "keep-alive"]);
  }

  private finish(answer: UpstreamResponse, trailers: HeaderPairs, sink: ResponseSink): void {
    if (answer.reset === "mid-body") sink.reset(this.protocol === "http/1.1");
    else if (trailers.length > 0) sink.trailers(trailers);
    else sink.data(Buffer.alloc(0), true);
  }

  private async stream(
    headers: HeaderPairs,
    status: number,
    pieces: AsyncIterable<string | Uint8Array>,
    answer: UpstreamResponse,
    sink: ResponseSink,
  ): Promise<void> {
    sink.headers(headers, status, false);
    const { loop, outside, wake } = this.host;
    let done = outside.begin();
    try {
      for await (const piece of pieces) {
        done();
        const bytes = Buffer.from(piece as string);
        loop.post(() => sink.data(bytes, false));
        wake();
        done = outside.begin();
      }
      loop.post(() => this.finish(answer, pairsOf(answer.trailers), sink));
    } catch (error) {
      loop.post(() => this.broken(error, () => sink.reset()));
    } finally {
      done();
      wake();
    }
  }
}

function pairsOf(headers: UpstreamResponse["headers"]): HeaderPairs {
  if (headers === undefined) return [];
  const entries: Iterable<readonly [string, string | readonly string[]]> = Array.isArray(headers) ? headers : Object.entries(headers);
  const pairs: HeaderPairs = [];
  for (const [name, value] of entries) {
    for (const one of typeof value === "string" ? [value] : value) pairs.push([name.toLowerCase(), one]);
  }
  return pairs;
}

function piecesOf(body: Exclude<UpstreamResponse["body"], AsyncIterable<unknown>>): Buffer[] {
  if (body === undefined) return [];
  const pieces = typeof body === "string" || body instanceof Uint8Array ? [body] : body;
  return pieces.map((piece) => Buffer.from(piece as string)).filter((piece) => piece.length > 0);
}

/** What Node's HTTP/1 server, which stands behind `Upstream`, does not take; `broken`: it closes the connection. */
function refusedByParser({ method, headers }: Head, date: () => string): "broken" | UpstreamResponse | undefined {
  if (!METHODS.includes(method)) return "broken";
  for (const [name, value] of headers) {
    if (name === "") return "broken";
    if (name === "transfer-encoding" && value !== "chunked") return "broken";
    if (name === "expect" && value !== "100-continue") return { status: 417, headers: { date: date(), "transfer-encoding": "chunked" } };
  }
  return undefined;
}

/** What nghttp2, which is in Node's server, answers with a reset of the stream: PROTOCOL_ERROR. */
function refusedByHttp2({ method, authority, headers }: Head): boolean {
  if (method === "" || authority === undefined || !/^[-\w.~!$&'()*+,;=:@[\]%]*$/.test(authority)) return true;
  return headers.some(isBadTe);
}

function isBadTe([name, value]: readonly [string, string]): boolean {
  return name === "te" && value !== "trailers";
}

function lengthOf({ headers, httpVersion }: Head): number | undefined {
  const length = httpVersion === "1.1" ? valuesOf([...headers], "content-length")[0] : undefined;
  return length === undefined ? undefined : Number(length);
}

function smuggled(announced: number, sent: number): EnvoyCrash {
  const what = `the request has content-length ${announced} and a body of ${sent} bytes`;
  return new EnvoyCrash(
    `${what}: over HTTP/1 the upstream reads the rest as another request; remove content-length in the headers callback`,
  );
}
