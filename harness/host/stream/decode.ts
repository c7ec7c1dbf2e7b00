import type { Timer } from "../clock.ts";
import type { Body } from "./body.ts";
import type { HttpFilter } from "./filter.ts";
import { HeaderMap } from "./header-map.ts";
import { Path, Stage } from "./path.ts";
import { type HttpStream, kindOf } from "./stream.ts";

/** A filter on the request's way. */
class DecodeStage extends Stage {
  onHeaders(headers: HeaderMap, end: boolean): number {
    return this.filter.decodeHeaders(headers, end);
  }

  onData(data: Body, end: boolean): number {
    return this.filter.decodeData(data, end);
  }

  onTrailers(trailers: HeaderMap): number {
    return this.filter.decodeTrailers(trailers);
  }
}

/** The request on its way to the router. */
export class DecodePath extends Path {
  protected readonly what = "request";
  protected readonly bufferLimit: number;

  constructor(private readonly stream: HttpStream) {
    super();
    this.bufferLimit = stream.settings.bufferLimit;
  }

  private timer: Timer | undefined;

  /** The stream is over. */
  stop(): void {
    this.timer?.cancel();
  }

  addStage(name: string, filter: HttpFilter): void {
    this.stages.push(new DecodeStage(name, this.stages.length, filter));
  }

  /** @param place of the filter in the chain */
  stageOf(place: number): Stage {
    return this.stages[place] as Stage;
  }

  arrived(headers: HeaderMap, end: boolean): void {
    this.stream.requestHeaders = headers;
    this.stream.requestComplete = end;
    this.stream.requestRead = end;
    this.stream.kind = kindOf(headers);
    this.stream.active();
    this.stream.route();
    this.watch();
    this.runHeaders(undefined, headers, end);
  }

  /** `request_timeout` ends when the whole request has passed the chain. */
  private watch(): void {
    const { settings, host } = this.stream;
    if (settings.requestTimeoutMs === 0) return;
    this.timer = host.clock.after(settings.requestTimeoutMs, () => {
      if (!this.stream.destroyed && !this.stream.router.hasAll) this.stream.requestTimedOut();
    });
  }

  more(data: Body, end: boolean): void {
    if (this.stream.destroyed) return;
    if (end) {
      this.stream.requestComplete = true;
      this.stream.requestRead = true;
    }
    this.stream.info.bytesReceived += data.length;
    this.stream.active();
    this.runData(undefined, data, end);
  }

  last(trailers: HeaderMap): void {
    if (this.stream.destroyed) return;
    this.stream.requestTrailers = trailers;
    this.stream.requestComplete = true;
    this.stream.active();
    this.stream.requestRead = true;
    this.runTrailers(undefined, trailers);
  }

  addTrailers(): HeaderMap {
    this.stream.requestTrailers = new HeaderMap("request trailers");
    return this.stream.requestTrailers;
  }

  protected get headers(): HeaderMap | undefined {
    return this.stream.requestHeaders;
  }

  protected get trailers(): HeaderMap | undefined {
    return this.stream.requestTrailers;
  }

  protected get complete(): boolean {
    return this.stream.requestComplete;
  }

  protected get canContinue(): boolean {
    // A reply that a filter gave while the request passed it has ended the request for good.
    return !this.aborted && !this.stream.responseComplete && !this.stream.destroyed;
  }

  protected get dropData(): boolean {
    return this.stream.responseComplete || this.stream.destroyed;
  }

  protected onAborted(): void {
    this.stream.deliverPrepared();
  }

  protected finishHeaders(headers: HeaderMap, end: boolean): void {
    this.stream.router.headers(headers, end);
  }

  protected finishData(data: Body, end: boolean): void {
    this.stream.router.data(data, end);
  }

  protected finishTrailers(trailers: HeaderMap): void {
    this.stream.router.trailers(trailers);
  }

  protected tooLarge(): void {
    this.stream.localReply({ status: 413, body: "Payload Too Large", headers: [], grpcStatus: -1, details: "request_payload_too_large" });
  }
}
