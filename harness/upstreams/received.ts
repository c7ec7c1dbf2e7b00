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
  let resolve: (request: ReceivedRequest) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const promise = new Promise<ReceivedRequest>((yes, no) => {
    resolve = yes;
    fail = no;
  });
  // A request that never completes is no error unless somebody waits for it.
  promise.catch(() => undefined);
  const readers = {
    ...head,
    header: (name: string) => valuesOf(head.headers, name)[0],
    headerValues: (name: string) => valuesOf(head.headers, name),
  };
  const complete = (body: Buffer, trailers: HeaderPairs) => {
    const text = () => body.toString("utf8");
    const request = { ...readers, complete: promise, body, text, json: () => JSON.parse(text()) as unknown, trailers };
    resolve(request);
    return request;
  };
  return { head: { ...readers, complete: promise }, complete, fail };
}
