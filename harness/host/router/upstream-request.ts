import type { Body } from "../stream/body.ts";
import { HeaderMap } from "../stream/header-map.ts";
import type { Cluster } from "./cluster.ts";
import type { Exchange, Post, ResponseSink } from "./host-upstream.ts";

/** Why there is no answer: Envoy's text for people, its name in the details, and the flag. */
export interface ResetReason {
  text: string;
  details: string;
  flag: "UpstreamConnectionFailure" | "UpstreamConnectionTermination" | "UpstreamProtocolError" | "UpstreamRemoteReset";
}

/** A body in chunks that ends without its last one, or a request that the upstream does not understand. */
export const protocolError: ResetReason = { text: "protocol error", details: "protocol_error", flag: "UpstreamProtocolError" };

export const connectionTermination: ResetReason = {
  text: "connection termination",
  details: "connection_termination",
  flag: "UpstreamConnectionTermination",
};

/** Over HTTP/2 only the stream ends. */
export const remoteReset: ResetReason = { text: "remote reset", details: "remote_reset", flag: "UpstreamRemoteReset" };

export const connectionRefused: ResetReason = {
  text: "remote connection failure",
  details: "remote_connection_failure|delayed_connect_error:_Connection_refused",
  flag: "UpstreamConnectionFailure",
};

/** Who waits for the answer. */
export interface UpstreamCallbacks {
  headers(headers: HeaderMap, end: boolean): void;
  data(bytes: Buffer, end: boolean): void;
  trailers(trailers: HeaderMap): void;
  reset(reason: ResetReason): void;
}

/** A request on its way to an upstream, and the answer on its way back. */
export class UpstreamRequest {
  private exchange: Exchange | undefined;
  private over = false;
  /** What came before the connection was there. */
  private waiting: (() => void)[] | undefined = [];
  private framed = false;

  constructor(
    private readonly cluster: Extract<Cluster, { kind: "upstream" | "refused" }>,
    private readonly callbacks: UpstreamCallbacks,
    private readonly post: Post,
  ) {}

  /** @param bodyFollows without a length it is sent in chunks */
  headers(headers: HeaderMap, bodyFollows: boolean): void {
    const { cluster } = this;
    if (cluster.kind === "refused") {
      this.post(() => this.failed(connectionRefused));
      return;
    }
    const { upstream } = cluster;
    const http1 = upstream.protocol === "http/1.1";
    const pairs = headers.pairs();
    const bodiless = /^(GET|HEAD|DELETE|TRACE|CONNECT)$/.test(headers.get(":method") ?? "");
    const sent = http1
      ? pairs.flatMap(([name, value]): [string, string][] =>
          name === ":authority" ? [["host", value]] : name.startsWith(":") ? [] : [[name, value]],
        )
      : pairs;
    if (http1 && !headers.has("content-length") && !headers.has("transfer-encoding")) {
      if (bodyFollows) sent.push(["transfer-encoding", "chunked"]);
      else if (!bodiless) sent.push(["content-length", "0"]);
    }
    this.framed = http1 && headers.has("content-length");
    const head = {
      method: headers.get(":method") ?? "",
      path: headers.get(":path") ?? "",
      authority: headers.get(":authority"),
      httpVersion: http1 ? "1.1" : "2.0",
      headers: sent,
    };
    // A connection is never there in the callback that asks for it: what is answered or closed until then is not seen by the upstream.
    this.post(() => {
      if (this.over) return;
      this.exchange = upstream.open(head, this.sink(!http1));
      for (const send of this.waiting ?? []) send();
      this.waiting = undefined;
    });
  }

  private sink(http2: boolean): ResponseSink {
    return {
      headers: (received, status, end) => {
        if (!this.over) this.callbacks.headers(new HeaderMap("response", [[":status", String(status)], ...received]), end);
      },
      data: (bytes, end) => {
        if (!this.over) this.callbacks.data(bytes, end);
      },
      trailers: (received) => {
        if (!this.over) this.callbacks.trailers(new HeaderMap("response trailers", received));
      },
      reset: (violation) => this.failed(violation ? protocolError : http2 ? remoteReset : connectionTermination),
    };
  }

  private whenOpen(send: () => void): void {
    if (this.waiting) this.waiting.push(send);
    else send();
  }

  data(body: Body): void {
    const bytes = Buffer.from(body.bytes());
    body.drain(body.length);
    if (bytes.length > 0) this.whenOpen(() => this.exchange?.data(bytes));
  }

  complete(trailers?: HeaderMap): void {
    // HTTP/1 has no room for trailers behind a body whose length was announced.
    const pairs = this.framed ? [] : (trailers?.pairs() ?? []);
    this.whenOpen(() => this.exchange?.complete(pairs));
  }

  cancel(): void {
    this.over = true;
    this.exchange?.abandon();
  }

  private failed(reason: ResetReason): void {
    if (this.over) return;
    this.over = true;
    this.callbacks.reset(reason);
  }
}
