import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Daemon } from "./daemon.ts";
import type { Prometheus } from "./tools/index.ts";

/** A series of an answer, with its value now. */
export interface Point {
  labels: Record<string, string>;
  value: number;
}

/** A real Prometheus on loopback. */
export class PrometheusServer {
  private constructor(
    private readonly daemon: Daemon,
    readonly url: string,
  ) {}

  static async start(tool: Prometheus, config: string): Promise<PrometheusServer> {
    const daemon = await Daemon.start("prometheus", tool.path, async (folder) => {
      const file = join(folder, "prometheus.yml");
      await writeFile(file, config);
      return [`--config.file=${file}`, `--storage.tsdb.path=${join(folder, "data")}`, "--web.listen-address=127.0.0.1:0"];
    });
    try {
      const [, address] = await daemon.said(/Listening on"?[^\n]* address=(127\.0\.0\.1:\d+)/);
      await daemon.said(/Server is ready to receive web requests/);
      return new PrometheusServer(daemon, `http://${address}`);
    } catch (error) {
      await daemon.stop();
      throw error;
    }
  }

  /** An instant query. @throws what Prometheus says of a query that is wrong */
  async query(expr: string): Promise<Point[]> {
    const { result } = await this.get<{ result: { metric: Record<string, string>; value: [number, string] }[] }>("query", { query: expr });
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  async get<T>(path: string, parameters: Record<string, string> = {}): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const { status, data, error } = (await answer.json()) as { status: string; data: T; error?: string };
    if (status !== "success") throw new Error(`${error}: ${JSON.stringify(parameters)}`);
    return data;
  }

  stop(): Promise<void> {
    return this.daemon.stop();
  }
}
