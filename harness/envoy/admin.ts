import { Agent, request } from "node:http";
import type { Address } from "./builders.ts";

/** A histogram as Envoy's admin reports it: quantile (0-100) to value since the start; null when nothing was recorded. */
export type Quantiles = Map<number, number | null>;

export interface ListenerStatus {
  name: string;
  address: Address;
}

/** Envoy's admin interface, over one kept connection. */
export class Admin {
  // One connection kept alive: a poll costs a round trip and not a handshake.
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 4 });

  constructor(readonly address: Address) {}

  get url(): string {
    return `http://${this.address.host}:${this.address.port}`;
  }

  /** The text of an answer, with its status. Rejects only when the connection fails. */
  fetch(path: string, method: "GET" | "POST" = "GET"): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const { host, port } = this.address;
      const outgoing = request({ host, port, path, method, agent: this.agent, timeout: 10_000 }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (piece: string) => {
          text += piece;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
        response.on("error", reject);
      });
      outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer from ${this.url}${path}`)));
      outgoing.on("error", reject);
      outgoing.end();
    });
  }

  async json(path: string): Promise<unknown> {
    return JSON.parse((await this.fetch(path)).text) as unknown;
  }

  /** Counters and gauges by name. `filter` is a regular expression that Envoy applies. */
  async stats(filter?: string): Promise<Map<string, number>> {
    const answer = (await this.json(`/stats?format=json${query(filter)}`)) as { stats: { name?: string; value?: number | string }[] };
    const result = new Map<string, number>();
    // Text readouts are strings; histograms are one entry without a name.
    for (const { name, value } of answer.stats) if (name !== undefined && typeof value === "number") result.set(name, value);
    return result;
  }

  async histograms(filter?: string): Promise<Map<string, Quantiles>> {
    interface Histograms {
      supported_quantiles: number[];
      computed_quantiles: { name: string; values: { cumulative: number | null }[] }[];
    }
    const answer = (await this.json(`/stats?format=json&type=Histograms${query(filter)}`)) as { stats: { histograms?: Histograms }[] };
    const result = new Map<string, Quantiles>();
    for (const { histograms } of answer.stats) {
      for (const { name, values } of histograms?.computed_quantiles ?? []) {
        result.set(name, new Map(values.map(({ cumulative }, i) => [histograms?.supported_quantiles[i] ?? 0, cumulative])));
      }
    }
    return result;
  }

  async listeners(): Promise<ListenerStatus[]> {
    interface Answer {
      listener_statuses?: { name: string; local_address?: { socket_address?: { address: string; port_value?: number } } }[];
    }
    const { listener_statuses = [] } = (await this.json("/listeners?format=json")) as Answer;
    return listener_statuses.flatMap(({ name, local_address }) => {
      const socket = local_address?.socket_address;
      return socket ? [{ name, address: { host: socket.address, port: socket.port_value ?? 0 } }] : [];
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

function query(filter: string | undefined): string {
  return filter === undefined ? "" : `&filter=${encodeURIComponent(filter)}`;
}
