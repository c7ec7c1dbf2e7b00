import { valuesOf } from "../client/headers.ts";
import type { HeaderPairs, ReceivedHead, ReceivedRequest } from "./types.ts";

/** What both protocols know when the headers of a request are there. */
export interface Head {
  method: string;
  path: string;
  authority: string | undefined;
  httpVersion: string;
  headers: HeaderPairs;
}

/** The head as tests see it, and the function that completes it when the body has arrived. */
export function receive(head: Head): {
  head: ReceivedHead;
  complete: (body: Buffer, trailers: HeaderPairs) => ReceivedRequest;
  fail: (error: Error) => void;
} {
  const received = new Received(head);
  return {
    head: received,
    complete: (body, trailers) => received.settle(new Whole(head, received, body, trailers)),
    fail: (error) => received.fail(error),
  };
}

/** What both a head and a whole request have. */
class Message {
  readonly method: string;
  readonly path: string;
  readonly authority: string | undefined;
  readonly httpVersion: string;
  readonly headers: HeaderPairs;

  constructor(head: Head) {
    this.method = head.method;
    this.path = head.path;
    this.authority = head.authority;
    this.httpVersion = head.httpVersion;
    this.headers = head.headers;
  }

  header(name: string): string | undefined {
    return valuesOf(this.headers, name)[0];
  }

  headerValues(name: string): string[] {
    return valuesOf(this.headers, name);
  }
}

/** A promise only when somebody asks: most tests look at what has arrived already. */
class Received extends Message implements ReceivedHead {
  private promise: Promise<ReceivedRequest> | undefined;
  private outcome: { request: ReceivedRequest } | { error: Error } | undefined;
  private done: ((outcome: NonNullable<Received["outcome"]>) => void) | undefined;

  get complete(): Promise<ReceivedRequest> {
    this.promise ??= new Promise((resolve, reject) => {
      this.done = (outcome) => ("request" in outcome ? resolve(outcome.request) : reject(outcome.error));
      if (this.outcome) this.done(this.outcome);
    });
    // A request that never completes is no error unless somebody waits for it.
    this.promise.catch(() => undefined);
    return this.promise;
  }

  settle(request: ReceivedRequest): ReceivedRequest {
    this.end({ request });
    return request;
  }

  fail(error: Error): void {
    this.end({ error });
  }

  private end(outcome: NonNullable<Received["outcome"]>): void {
    if (this.outcome) return;
    this.outcome = outcome;
    this.done?.(outcome);
  }
}

/** A request that arrived whole. */
class Whole extends Message implements ReceivedRequest {
  constructor(
    head: Head,
    private readonly received: Received,
    readonly body: Buffer,
    readonly trailers: HeaderPairs,
  ) {
    super(head);
  }

  get complete(): Promise<ReceivedRequest> {
    return this.received.complete;
  }

  text(): string {
    return this.body.toString("utf8");
  }

  json(): unknown {
    return JSON.parse(this.text()) as unknown;
  }
}
