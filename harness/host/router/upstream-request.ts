import type { Body } from "../stream/body.ts";
import { HeaderMap } from "../stream/header-map.ts";
import type { Cluster } from "./cluster.ts";
import type { Exchange, Post } from "./host-upstream.ts";

/** Why there is no answer: Envoy's text for people, its name in the details, and the flag. */
export interface ResetReason {
  text: string;
  details: string;
  flag: "UpstreamConnectionFailure" | "UpstreamConnectionTermination";
}

export const connectionTermination: ResetReason = {
  text: "connection termination",
  details: "connection_termination",
  flag: "UpstreamConnectionTermination",
};

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
    const sent = http1
      ? pairs.flatMap(([name, value]): [string, string][] =>
          name === ":authority" ? [["host", value]] : name.startsWith(":") ? [] : [[name, value]],
        )
      : pairs;
    if (http1 && bodyFollows && !headers.has("content-length") && !headers.has("transfer-encoding"))
      sent.push(["transfer-encoding", "chunked"]);
    this.exchange = upstream.open(
      {
        method: headers.get(":method") ?? "",
        path: headers.get(":path") ?? "",
        authority: headers.get(":authority"),
        httpVersion: http1 ? "1.1" : "2.0",
        headers: sent,
      },
      {
        headers: (received, status, end) => {
          if (!this.over) this.callbacks.headers(new HeaderMap("response", [[":status", String(status)], ...received]), end);
        },
        data: (bytes, end) => {
          if (!this.over) this.callbacks.data(bytes, end);
        },
        trailers: (received) => {
          if (!this.over) this.callbacks.trailers(new HeaderMap("response trailers", received));
        },
        reset: () => this.failed(connectionTermination),
      },
    );
  }

  data(body: Body): void {
    if (body.length > 0) this.exchange?.data(Buffer.from(body.bytes()));
    body.drain(body.length);
  }

  complete(trailers?: HeaderMap): void {
    this.exchange?.complete(trailers?.pairs() ?? []);
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
