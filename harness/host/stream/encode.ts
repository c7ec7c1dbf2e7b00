import { Body } from "./body.ts";
import type { HttpFilter } from "./filter.ts";
import { HeaderMap } from "./header-map.ts";
import { Path, Stage } from "./path.ts";
import { type HttpStream, statusOf } from "./stream.ts";

/** A filter on the response's way. */
class EncodeStage extends Stage {
  onHeaders(headers: HeaderMap, end: boolean): number {
    return this.filter.encodeHeaders(headers, end);
  }

  onData(data: Body, end: boolean): number {
    return this.filter.encodeData(data, end);
  }

  onTrailers(trailers: HeaderMap): number {
    return this.filter.encodeTrailers(trailers);
  }
}

/** The response on its way to the client: the chain backward. */
export class EncodePath extends Path {
  protected readonly what = "response";
  protected readonly bufferLimit: number;
  private readonly inOrder: HttpFilter[] = [];
  private readonly names: string[] = [];

  constructor(private readonly stream: HttpStream) {
    super();
    this.bufferLimit = stream.settings.bufferLimit;
  }

  addStage(name: string, filter: HttpFilter): void {
    this.inOrder.push(filter);
    this.names.push(name);
  }

  /** All filters are there: turns them round. */
  finishStages(): void {
    for (let i = this.inOrder.length - 1; i >= 0; i--) {
      this.stages.push(new EncodeStage(this.names[i] as string, this.stages.length, this.inOrder[i] as HttpFilter));
    }
  }

  /** @param place of the filter in the chain */
  stageOf(place: number): Stage {
    return this.stages[this.stages.length - 1 - place] as Stage;
  }

  start(headers: HeaderMap, end: boolean): void {
    this.stream.responseHeaders = headers;
    this.stream.responseComplete ||= end;
    this.stream.active();
    this.runHeaders(undefined, headers, end);
  }

  more(bytes: Buffer, end: boolean): void {
    if (this.stream.destroyed) return;
    this.stream.responseComplete ||= end;
    this.stream.active();
    this.runData(undefined, new Body(bytes), end);
  }

  last(trailers: HeaderMap): void {
    if (this.stream.destroyed) return;
    this.stream.responseTrailers = trailers;
    this.stream.responseComplete = true;
    this.stream.active();
    this.runTrailers(undefined, trailers);
  }

  addTrailers(): HeaderMap {
    this.stream.responseTrailers = new HeaderMap("response trailers");
    return this.stream.responseTrailers;
  }

  protected get headers(): HeaderMap | undefined {
    return this.stream.responseHeaders;
  }

  protected get trailers(): HeaderMap | undefined {
    return this.stream.responseTrailers;
  }

  protected get complete(): boolean {
    return this.stream.responseComplete;
  }

  protected get canContinue(): boolean {
    return !this.stream.finished && !this.stream.destroyed;
  }

  protected get dropData(): boolean {
    return this.stream.destroyed;
  }

  /** A local reply within the response has been sent already. */
  protected onAborted(): void {}

  protected finishHeaders(headers: HeaderMap, end: boolean): void {
    if (statusOf(headers.get(":status")) === undefined) {
      const message = "missing required header: :status";
      const details = `filter_removed_required_response_headers{${message.replaceAll(" ", "_")}}`;
      this.stream.localReply({ status: 502, body: message, headers: [], grpcStatus: -1, details });
      return;
    }
    this.stream.sendHeaders(headers, end);
  }

  protected finishData(data: Body, end: boolean): void {
    const bytes = Buffer.from(data.bytes());
    data.drain(data.length);
    this.stream.sendData(bytes, end);
  }

  protected finishTrailers(trailers: HeaderMap): void {
    this.stream.sendTrailers(trailers);
  }

  protected tooLarge(): void {
    this.stream.localReply({
      status: 500,
      body: "Internal Server Error",
      headers: [],
      grpcStatus: -1,
      details: "response_payload_too_large",
    });
  }
}
