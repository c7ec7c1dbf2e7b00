import { Daemon } from "./daemon.ts";
import type { Zipkin } from "./tools/index.ts";

/** A span as Zipkin's API gives it back. */
export interface ZipkinSpan {
  traceId: string;
  id: string;
  parentId?: string;
  kind?: string;
  name: string;
  timestamp: number;
  duration: number;
  localEndpoint: { serviceName: string };
  tags: Record<string, string>;
}

/** A real Zipkin on loopback, with its traces in memory. */
export class ZipkinServer {
  private constructor(
    private readonly daemon: Daemon,
    readonly address: { host: string; port: number },
  ) {}

  static async start(tool: Zipkin): Promise<ZipkinServer> {
    // QUERY_PORT alone would listen everywhere: the address is its server's, Armeria's.
    const port = ["port=0", "address=127.0.0.1", "protocols[0]=http"].map((setting) => `--armeria.ports[0].${setting}`);
    const daemon = await Daemon.start("zipkin", tool.java, async () => ["-Xmx256m", "-jar", tool.path, ...port]);
    try {
      const [, given = ""] = await daemon.said(/Serving HTTP at \/127\.0\.0\.1:(\d+)/);
      return new ZipkinServer(daemon, { host: "127.0.0.1", port: Number(given) });
    } catch (error) {
      await daemon.stop();
      throw error;
    }
  }

  /** A trace's spans; none when Zipkin does not know it yet. */
  async trace(id: string): Promise<ZipkinSpan[]> {
    return (await this.get<ZipkinSpan[]>(`trace/${id}`)) ?? [];
  }

  async get<T>(path: string): Promise<T | undefined> {
    const { host, port } = this.address;
    const answer = await fetch(`http://${host}:${port}/api/v2/${path}`);
    if (answer.status === 404) return undefined;
    if (!answer.ok) throw new Error(`Zipkin answers ${answer.status} to ${path}: ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  stop(): Promise<void> {
    return this.daemon.stop();
  }
}
