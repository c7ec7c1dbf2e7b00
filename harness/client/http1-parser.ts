import type { HeaderPairs } from "../upstreams/types.ts";
import { valuesOf } from "./headers.ts";
import type { ResponseParts } from "./response.ts";

type State = "head" | "length" | "chunk-size" | "chunk" | "trailers" | "until-close" | "done";

/**
 * Reads one HTTP/1 answer, keeping the order, the case and the bytes of headers. Our own instead of node:http, because a filter under
 * test may produce what Node would hide or refuse: odd status codes, bytes above 0x7f, a body that stops early.
 */
export class ResponseParser {
  private state: State = "head";
  private pending: Buffer = Buffer.alloc(0);
  private readonly body: Buffer[] = [];
  private left = 0;
  private head: Omit<ResponseParts, "body"> | undefined;
  private readonly informational: number[] = [];

  /** @param bodiless the request was a HEAD, so that no body follows whatever the headers say. */
  constructor(private readonly bodiless: boolean) {}

  get done(): boolean {
    return this.state === "done";
  }

  /** What has come so far, undefined before the end of the headers. */
  get parts(): ResponseParts | undefined {
    return this.head && { ...this.head, body: Buffer.concat(this.body) };
  }

  push(data: Buffer): void {
    this.pending = this.pending.length === 0 ? data : Buffer.concat([this.pending, data]);
    while (this.step()) {
      // Each step consumes something or says that it needs more.
    }
  }

  /** The peer closed: fine only for an answer whose end is the end of the connection. */
  end(): void {
    if (this.state === "until-close") this.state = "done";
  }

  private step(): boolean {
    switch (this.state) {
      case "head":
        return this.readHead();
      case "length":
      case "chunk":
      case "until-close":
        return this.readBody();
      case "chunk-size":
        return this.readChunkSize();
      case "trailers":
        return this.readTrailers();
      case "done":
        return false;
    }
  }

  private readHead(): boolean {
    const end = this.pending.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const lines = this.take(end + 4, 4)
      .toString("latin1")
      .split("\r\n");
    const statusLine = /^HTTP\/(\d\.\d) (\d{1,3}) ?(.*)$/.exec(lines[0] ?? "");
    if (!statusLine) throw new Error(`not an HTTP/1 answer: ${JSON.stringify(lines[0])}`);
    const status = Number(statusLine[2]);
    if (status >= 100 && status < 200 && status !== 101) {
      this.informational.push(status);
      return true;
    }
    const headers = parseFields(lines.slice(1));
    const informational = this.informational;
    this.head = { status, reason: statusLine[3] ?? "", httpVersion: statusLine[1] ?? "", headers, trailers: [], informational };
    this.state = this.framing(status, headers);
    return true;
  }

  private framing(status: number, headers: HeaderPairs): State {
    if (this.bodiless || status === 101 || status === 204 || status === 304) return "done";
    if (valuesOf(headers, "transfer-encoding").some((value) => /(^|,)\s*chunked\s*$/i.test(value))) return "chunk-size";
    const length = valuesOf(headers, "content-length")[0];
    if (length === undefined) return "until-close";
    this.left = Number(length);
    return this.left === 0 ? "done" : "length";
  }

  private readBody(): boolean {
    if (this.pending.length === 0) return false;
    if (this.state === "until-close") {
      this.body.push(this.take(this.pending.length));
      return false;
    }
    // In a chunk the two bytes after the data are the line end.
    const inChunk = this.state === "chunk";
    if (this.left > 0) {
      const piece = this.take(Math.min(this.left, this.pending.length));
      this.left -= piece.length;
      this.body.push(piece);
      if (this.left === 0 && !inChunk) this.state = "done";
      return true;
    }
    if (this.pending.length < 2) return false;
    this.take(2);
    this.state = "chunk-size";
    return true;
  }

  private readChunkSize(): boolean {
    const end = this.pending.indexOf("\r\n");
    if (end < 0) return false;
    const line = this.take(end + 2, 2).toString("latin1");
    this.left = Number.parseInt(line, 16);
    if (Number.isNaN(this.left)) throw new Error(`not a chunk size: ${JSON.stringify(line)}`);
    this.state = this.left === 0 ? "trailers" : "chunk";
    return true;
  }

  private readTrailers(): boolean {
    // Without trailers the section is an empty line, which stands alone; with trailers an empty line ends it.
    const none = this.pending.subarray(0, 2).toString("latin1") === "\r\n";
    const end = none ? 0 : this.pending.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const lines = none
      ? []
      : this.take(end + 4, 4)
          .toString("latin1")
          .split("\r\n");
    if (this.head) this.head.trailers = parseFields(lines);
    this.state = "done";
    return false;
  }

  /** Removes `count` bytes and returns them without the last `drop`. */
  private take(count: number, drop = 0): Buffer {
    const taken = this.pending.subarray(0, count - drop);
    this.pending = this.pending.subarray(count);
    return taken;
  }
}

function parseFields(lines: readonly string[]): HeaderPairs {
  return lines.map((line) => {
    const colon = line.indexOf(":");
    return colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "")];
  });
}
