import { isIP } from "node:net";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { toPairs, valuesOf } from "../client/headers.ts";
import { IncompleteResponse } from "../client/response.ts";
import { usesTls } from "../client/tls.ts";
import type { Address } from "../envoy/builders.ts";
import type { Identity } from "../identities/types.ts";
import type { BodyInput } from "../upstreams/types.ts";
import type { Chain } from "./chain.ts";
import { finishHeaders, isHttp2, rejectEarly, requestHeaders, wireOrder } from "./codec.ts";
import { StreamContext } from "./context/stream.ts";
import type { Counts } from "./counts.ts";
import { Exchange } from "./exchange.ts";
import type { Thread } from "./plugins/thread.ts";
import type { Runtime } from "./runtime.ts";
import type { Scheduler } from "./scheduler.ts";
import { Body } from "./stream/body.ts";
import { HeaderMap } from "./stream/header-map.ts";
import type { StreamInfo } from "./stream/info.ts";
import { type Connection, HttpStream, type PeerCertificate } from "./stream/stream.ts";
import { handshake } from "./tls.ts";
import type { HostRequest } from "./types.ts";

/** Of the ports that kernels give to clients. */
const FIRST_PORT = 49_152;

/** Begins requests: a connection and a stream each, on the workers in turn. */
export class Client {
  private nextWorker = 0;
  private nextConnection = 1;

  /** @param logged told of each stream that is over */
  constructor(
    private readonly runtime: Runtime,
    private readonly scheduler: Scheduler,
    private readonly logged: (stream: HttpStream, chain: Chain) => void,
  ) {}

  /** @param whole the body is that of the request; otherwise it is sent step by step */
  begin(request: HostRequest, whole: boolean): Exchange {
    const exchange = new Exchange(this.scheduler, request);
    const chain = this.runtime.chain(request.listener);
    if (chain.tcp) throw new MeshscriptError(diagnostic("MS0407", `the listener ${chain.name} speaks TCP: use connect()`));
    const stream = new HttpStream(
      this.runtime,
      chain.settings,
      this.connect(request, chain),
      newInfo(request, this.runtime.clock.elapsed),
      exchange,
    );
    exchange.stream = stream;
    this.scheduler.add(exchange);
    const refusal = this.refusal(exchange, chain);
    if (refusal) {
      stream.destroyed = true;
      exchange.fail(refusal);
      return exchange;
    }
    const worker = this.worker(request.worker);
    build(exchange, chain, worker);
    follow(exchange, request.signal);
    const loggers = chain.accessLoggers.map((plugin) => worker.accessLogger(plugin));
    stream.onEnd = () => {
      this.logged(stream, chain);
      for (const log of loggers) log(stream);
    };
    this.send(exchange, request, chain, whole);
    return exchange;
  }

  /** Why it does not even reach the listener. */
  private refusal(exchange: Exchange, chain: Chain): Error | undefined {
    const { request } = exchange;
    const { running, crash } = this.scheduler;
    if (!running) return crash ?? new MeshscriptError(diagnostic("MS0704", "a request after stop()"));
    if (request.signal?.aborted) return request.signal.reason as Error;
    return connectionError(exchange, chain);
  }

  private worker(chosen: number | undefined): Thread {
    const { workers } = this.runtime;
    const worker = workers[chosen ?? this.nextWorker++ % workers.length];
    if (!worker) throw new MeshscriptError(diagnostic("MS0407", `no worker ${chosen}; there are ${workers.length}`));
    return worker;
  }

  private send(exchange: Exchange, request: HostRequest, chain: Chain, whole: boolean): void {
    const { stream } = exchange;
    const { loop } = this.runtime;
    const headers = requestHeaders(request, chain.authority, whole);
    const bodyless = whole && request.body === undefined && request.trailers === undefined;
    const early = rejectEarly(request, headers, chain.limits);
    loop.post(() => {
      const map = new HeaderMap("request", wireOrder(headers, request));
      if (early) {
        stream.requestHeaders = early.seen ? map : undefined;
        stream.requestRead = early.keepsConnection;
        return stream.localReply(
          { status: early.status, body: early.body, headers: [], grpcStatus: -1, details: early.details },
          early.flag,
        );
      }
      if (map.get("expect")?.toLowerCase() === "100-continue") {
        // Envoy says so itself, before any filter.
        map.remove("expect");
        exchange.informational.push(100);
      }
      finishHeaders(map, chain.requestId ? this.runtime.random.uuid() : undefined, stream.connection, chain.forwarding);
      const empty = () => valuesOf(headers, "content-length")[0] === "0" && request.trailers === undefined;
      const noBody = bodyless || (whole && empty());
      stream.decode.arrived(map, noBody);
      if (!whole || noBody) return;
      this.sendBody(exchange, request);
    });
  }

  private sendBody(exchange: Exchange, request: HostRequest): void {
    const { stream } = exchange;
    const pieces = piecesOf(request.body);
    if (!pieces) {
      void this.sendStream(exchange, request);
      return;
    }
    for (const piece of pieces) if (piece.length > 0) stream.decode.more(new Body(piece), false);
    exchange.finishRequest(toPairs(request.trailers));
  }

  private async sendStream(exchange: Exchange, request: HostRequest): Promise<void> {
    const { stream } = exchange;
    const { loop, outside } = this.runtime;
    let done = outside.begin();
    try {
      for await (const piece of request.body as AsyncIterable<string | Uint8Array>) {
        done();
        loop.post(() => stream.decode.more(new Body(Buffer.from(piece as string)), false));
        this.scheduler.run();
        done = outside.begin();
      }
      loop.post(() => exchange.finishRequest(toPairs(request.trailers)));
    } catch (error) {
      // The client's own failure: it leaves in the middle of its request.
      exchange.leave(error);
    } finally {
      done();
      this.scheduler.run();
    }
  }

  private connect({ source, destination, identity, serverName }: HostRequest, chain: Chain): Connection {
    const id = this.nextConnection++;
    const local = destination === undefined ? chain.address : readSocket("destination", destination);
    const remote =
      source === undefined ? { host: "127.0.0.1", port: FIRST_PORT + (id % (65_536 - FIRST_PORT)) } : readSocket("source", source);
    const server = chain.tls;
    const tls = server
      ? {
          version: "TLSv1.3",
          serverName: serverName ?? "",
          mutual: identity !== undefined,
          peer: identity && certificateOf(identity),
          local: certificateOf(server.identity),
        }
      : undefined;
    return { id, local, remote, tls };
  }
}

function build(exchange: Exchange, chain: Chain, worker: Thread): void {
  const contexts: StreamContext[] = [];
  exchange.stream.build(chain.names, (i, callbacks) => {
    const plugin = chain.plugins[i];
    const filter = plugin && worker.filter(plugin, callbacks);
    if (filter instanceof StreamContext) contexts.push(filter);
    return filter;
  });
  exchange.vmIds = new Set(contexts.map(({ vm }) => vm.spec.vmId));
  exchange.countsOf = () => countsByName(contexts);
}

/** The client leaves when its signal says so. */
function follow(exchange: Exchange, signal: AbortSignal | undefined): void {
  if (!signal) return;
  const leave = () => exchange.leave(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  exchange.onSettled = () => signal.removeEventListener("abort", leave);
}

/** @throws MeshscriptError MS0407 */
function readSocket(name: "source" | "destination", text: string): Address {
  const [, host = "", port = ""] = /^\[?([0-9a-f.:]+?)\]?:(\d+)$/i.exec(text) ?? [];
  if (isIP(host) === 0 || Number(port) > 65_535) {
    throw new MeshscriptError(
      diagnostic("MS0407", `${name} must be an address and a port such as 10.0.0.7:4711, got ${JSON.stringify(text)}`),
    );
  }
  return { host, port: Number(port) };
}

function newInfo(request: HostRequest, start: number): StreamInfo {
  return {
    start,
    end: undefined,
    protocol: isHttp2(request) ? "HTTP/2" : "HTTP/1.1",
    code: undefined,
    details: undefined,
    flags: 0,
    bytesReceived: 0,
    bytesSent: 0,
    route: undefined,
    virtualHost: undefined,
    upstreamCluster: undefined,
    upstreamHost: undefined,
    upstreamLocal: undefined,
    upstreamFailure: undefined,
    attempts: 0,
    upstreamLastByte: undefined,
    filterState: new Map(Object.entries(request.filterState ?? {}).map(([key, value]) => [key, Buffer.from(value)])),
    metadata: request.metadata ?? {},
  };
}

/** Why no connection comes about; `openEnvoy` says the same. */
function connectionError(exchange: Exchange, { name, tls }: Chain): IncompleteResponse | undefined {
  const { request } = exchange;
  const closed = (reason: string) => new IncompleteResponse("MS0408", reason, undefined);
  if (tls && !usesTls(request)) {
    const help = `the listener ${JSON.stringify(name)} speaks TLS: give the request an \`identity\`, or \`trust\` for TLS without a certificate`;
    return closed("the connection was closed").withHelp(help);
  }
  if (!tls && usesTls(request)) {
    const help = `the listener ${JSON.stringify(name)} does not speak TLS: leave identity, trust and serverName out`;
    return closed("the connection was closed").withHelp(help);
  }
  const session = tls && handshake(tls, request);
  if (typeof session === "string") return closed(`the connection broke (${session})`);
  exchange.session = session;
  return undefined;
}

/** undefined for a body that comes piece by piece from outside. */
function piecesOf(body: BodyInput | undefined): Buffer[] | undefined {
  if (body === undefined) return [];
  if (typeof body === "string" || body instanceof Uint8Array) return [Buffer.from(body as string)];
  return Array.isArray(body) ? body.map((piece) => Buffer.from(piece)) : undefined;
}

function certificateOf({ uriSans, dnsSans, subject, sha256 }: Identity): PeerCertificate {
  return { uriSans, dnsSans, subject, sha256 };
}

/** Plugins may have the same name: the second is `name#2`. */
function countsByName(contexts: readonly StreamContext[]): Record<string, Counts> {
  const counts: Record<string, Counts> = {};
  for (const { plugin, counter } of contexts) {
    let key = plugin.spec.name;
    for (let n = 2; key in counts; n++) key = `${plugin.spec.name}#${n}`;
    counts[key] = counter.get();
  }
  return counts;
}
