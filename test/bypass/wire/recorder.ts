import type { TcpConnection } from "../../../harness/index.ts";
import type { Seen } from "../types.ts";

/** By it the recorder knows which case a request is of. */
export const CASE = "x-case";
const ANSWER = "HTTP/1.1 200 OK\r\ncontent-length: 13\r\nx-upstream: yes\r\n\r\nupstream data";
/** What no client may see of a request that was refused. */
export const DATA = "upstream data";

/**
 * An upstream that reads bytes instead of requests: what an HTTP library would refuse has been let through all the same. It answers by the path:
 * `/public/moved` with a redirect to /admin, `/public/fails` with 503, all else with 200.
 */
export class Recorder {
  private readonly cases = new Map<string, Seen[]>();

  /** For an upstream that speaks `tcp`. */
  readonly accept = (connection: TcpConnection): void => {
    let at = 0;
    connection.onData = () => {
      for (let next = this.read(connection, at); next > at; next = this.read(connection, at)) at = next;
    };
  };

  of(name: string): readonly Seen[] {
    return this.cases.get(name) ?? [];
  }

  /** Names of requests that nobody sent by that name. */
  strays(sent: ReadonlySet<string>): string[] {
    return [...this.cases.keys()].filter((name) => !sent.has(name));
  }

  /** Reads one request from `at` on; gives where it ends, or `at` when it is not there as a whole. */
  private read(connection: TcpConnection, at: number): number {
    const text = connection.received.subarray(at).toString("latin1");
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) return at;
    const [line = "", ...lines] = text.slice(0, end).split("\r\n");
    const headers = lines.map((one): [string, string] => {
      const colon = one.indexOf(":");
      return [one.slice(0, colon), one.slice(colon + 1).replace(/^ /, "")];
    });
    const body = bodyAt(text, end + 4, headers);
    if (body === undefined) return at;
    const [, method = "", target = line] = /^(\S*) (.*) HTTP\/1\.[01]$/s.exec(line) ?? [];
    const name = headers.find(([key]) => key === CASE)?.[1] ?? `(nameless) ${line}`;
    this.cases.set(name, [...this.of(name), { method, target, headers, body: body.text }]);
    connection.write(answerTo(target));
    return at + body.end;
  }
}

function answerTo(target: string): string {
  if (target.startsWith("/public/moved")) return "HTTP/1.1 302 Found\r\nlocation: /admin/moved\r\ncontent-length: 0\r\n\r\n";
  return target.startsWith("/public/fails") ? ANSWER.replace("200 OK", "503 Unavailable") : ANSWER;
}

/** By Envoy's own framing, which is either a length or chunks. */
function bodyAt(text: string, start: number, headers: [string, string][]): { text: string; end: number } | undefined {
  const value = (name: string) => headers.find(([key]) => key.toLowerCase() === name)?.[1];
  if (value("transfer-encoding") !== undefined) {
    const end = text.indexOf("0\r\n\r\n", start);
    return end < 0 ? undefined : { text: text.slice(start, end), end: end + 5 };
  }
  const end = start + Number(value("content-length") ?? 0);
  return end > text.length ? undefined : { text: text.slice(start, end), end };
}
