import type { LocalReply } from "../context/context.ts";
import type { Body } from "./body.ts";
import type { HeaderMap } from "./header-map.ts";
import type { HttpStream } from "./stream.ts";

/** What a headers callback answers (Envoy's FilterHeadersStatus, in proxy-wasm's numbers). */
export const HeadersStatus = { Continue: 0, StopIteration: 1, StopAllIterationAndBuffer: 3, StopAllIterationAndWatermark: 4 } as const;
export const DataStatus = { Continue: 0, StopIterationAndBuffer: 1, StopIterationAndWatermark: 2, StopIterationNoBuffer: 3 } as const;
export const TrailersStatus = { Continue: 0, StopIteration: 1 } as const;

/** A filter of the chain: called forward for the request, backward for the response. */
export interface HttpFilter {
  decodeHeaders(headers: HeaderMap, end: boolean): number;
  decodeData(data: Body, end: boolean): number;
  decodeTrailers(trailers: HeaderMap): number;
  encodeHeaders(headers: HeaderMap, end: boolean): number;
  encodeData(data: Body, end: boolean): number;
  encodeTrailers(trailers: HeaderMap): number;
  log(): void;
  destroy(): void;
}

/** What a filter can do to the stream that it is part of. */
export interface FilterCallbacks {
  readonly stream: HttpStream;
  /** @param phase the callback it was asked for in, for messages */
  continueRequest(phase: string): void;
  continueResponse(phase: string): void;
  reply(reply: LocalReply): void;
  resetStream(): void;
  /** 503 because the VM failed. */
  failStream(): void;
  bufferRequest(data: Body): void;
  bufferResponse(data: Body): void;
  requestBuffer(): Body | undefined;
  responseBuffer(): Body | undefined;
  addRequestTrailers(): HeaderMap;
  addResponseTrailers(): HeaderMap;
}
