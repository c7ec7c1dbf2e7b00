import { EnvoyCrash } from "../failure.ts";
import type { Plugin } from "../plugins/plugin.ts";
import type { PropertySource } from "../properties/source.ts";
import { streamProperties } from "../properties/stream.ts";
import { Body } from "../stream/body.ts";
import { DataStatus, type FilterCallbacks, HeadersStatus, type HttpFilter, TrailersStatus } from "../stream/filter.ts";
import type { HeaderMap } from "../stream/header-map.ts";
import type { Vm } from "../vm/vm.ts";
import { BufferType, type GuestBuffer, type LocalReply, MapType, StreamLike } from "./context.ts";
import type { RootContext } from "./root.ts";

/**
 * One HTTP stream as one plugin sees it: turns what the filter chain does into callbacks of the module, and the module's host calls into
 * what the chain understands. Which map and which body the module can reach follows from what was handed to it last and not let go.
 */
export class StreamContext extends StreamLike implements HttpFilter {
  private requestHeaders: HeaderMap | undefined;
  private requestTrailers: HeaderMap | undefined;
  private responseHeaders: HeaderMap | undefined;
  private responseTrailers: HeaderMap | undefined;
  private requestBody: Body | undefined;
  private responseBody: Body | undefined;
  /** The last answer was StopIterationAndBuffer: the module sees the chain's buffer, not the new piece. */
  private bufferingRequest = false;
  private bufferingResponse = false;
  private endOfStream = false;
  private endedInTrailers = false;
  private inLog = false;
  private destroyed = false;
  /** The VM failed and the stream was answered 503 for it. */
  private failed = false;
  /** The callback that runs, for messages. */
  private phase = "";

  constructor(
    vm: Vm,
    plugin: Plugin,
    rootContext: RootContext,
    readonly chain: FilterCallbacks,
    onEnd: () => void,
  ) {
    super(vm, plugin, rootContext, onEnd);
  }

  get properties(): PropertySource {
    return streamProperties(this, this.chain.stream, {
      requestHeaders: this.requestHeaders ?? (this.inLog ? this.chain.stream.requestHeaders : undefined),
      responseHeaders: this.responseHeaders ?? (this.inLog ? this.chain.stream.responseHeaders : undefined),
      responseTrailers: this.responseTrailers ?? (this.inLog ? this.chain.stream.responseTrailers : undefined),
      logging: this.inLog,
    });
  }

  override get logging(): boolean {
    return this.inLog;
  }

  // What the chain does.

  decodeHeaders(headers: HeaderMap, end: boolean): number {
    this.create(this.rootContext.id);
    this.requestHeaders = headers;
    this.endOfStream = end;
    const status = this.headers("proxy_on_request_headers", headers, end);
    if (status === HeadersStatus.Continue) this.requestHeaders = undefined;
    return status;
  }

  decodeData(data: Body, end: boolean): number {
    if (!this.created) return DataStatus.Continue;
    if (this.bufferingRequest) {
      this.chain.bufferRequest(data);
      // The buffer may have grown over its limit, and the stream ended with 413.
      if (this.destroyed) return DataStatus.StopIterationAndBuffer;
    }
    this.requestBody = data;
    this.endOfStream = end;
    const status = this.data("proxy_on_request_body", bodyLength(this.buffer(BufferType.RequestBody)), end);
    this.bufferingRequest = status === DataStatus.StopIterationAndBuffer;
    if (status === DataStatus.Continue) this.requestBody = undefined;
    return status;
  }

  decodeTrailers(trailers: HeaderMap): number {
    if (!this.created) return TrailersStatus.Continue;
    this.requestTrailers = trailers;
    const status = this.trailers("proxy_on_request_trailers", trailers);
    // A callback that ended the stream keeps its map, whatever it answered.
    if (status === TrailersStatus.Continue && !this.endedInTrailers) this.requestTrailers = undefined;
    return status;
  }

  encodeHeaders(headers: HeaderMap, end: boolean): number {
    if (!this.created || this.failed) return HeadersStatus.Continue;
    this.responseHeaders = headers;
    this.endOfStream = end;
    const status = this.headers("proxy_on_response_headers", headers, end);
    if (status === HeadersStatus.Continue) this.responseHeaders = undefined;
    return status;
  }

  encodeData(data: Body, end: boolean): number {
    if (!this.created || this.failed) return DataStatus.Continue;
    if (this.bufferingResponse) {
      this.chain.bufferResponse(data);
      if (this.destroyed) return DataStatus.StopIterationAndBuffer;
    }
    this.responseBody = data;
    this.endOfStream = end;
    const status = this.data("proxy_on_response_body", bodyLength(this.buffer(BufferType.ResponseBody)), end);
    this.bufferingResponse = status === DataStatus.StopIterationAndBuffer;
    if (status === DataStatus.Continue) this.responseBody = undefined;
    return status;
  }

  encodeTrailers(trailers: HeaderMap): number {
    if (!this.created || this.failed) return TrailersStatus.Continue;
    this.responseTrailers = trailers;
    const status = this.trailers("proxy_on_response_trailers", trailers);
    if (status === TrailersStatus.Continue) this.responseTrailers = undefined;
    return status;
  }

  /** The access log: also for a stream that never came as far as this filter. */
  log(): void {
    this.create(this.rootContext.id);
    this.inLog = true;
    this.run("proxy_on_log");
    this.inLog = false;
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    if (this.created) {
      this.run("proxy_on_done");
      this.run("proxy_on_delete");
    }
    this.forget();
    this.onEnd();
  }

  private run(callback: string): void {
    this.phase = callback;
    this.notify(callback);
  }

  private headers(callback: string, map: HeaderMap, end: boolean): number {
    const { vm, plugin } = this;
    return this.iterate(callback, map.size, Number(end), HeadersStatus.StopAllIterationAndWatermark, (answer) => {
      if (vm.stopNext || answer > HeadersStatus.StopAllIterationAndWatermark) return HeadersStatus.StopAllIterationAndWatermark;
      // Envoy takes it for a stop of everything, so that a body cannot overtake its headers, unless the plugin asked otherwise.
      if (answer === HeadersStatus.StopIteration && !plugin.spec.allowOnHeadersStopIteration)
        return HeadersStatus.StopAllIterationAndWatermark;
      return answer === 2 ? HeadersStatus.Continue : answer;
    });
  }

  private data(callback: string, length: number, end: boolean): number {
    const { vm } = this;
    return this.iterate(callback, length, Number(end), DataStatus.StopIterationNoBuffer, (answer) =>
      vm.stopNext || answer > DataStatus.StopIterationNoBuffer ? DataStatus.StopIterationNoBuffer : answer,
    );
  }

  private trailers(callback: string, map: HeaderMap): number {
    // Unlike with headers and bodies, what ended the stream does not stop the iteration: only the answer does.
    return this.iterate(callback, map.size, 0, TrailersStatus.StopIteration, (answer) => {
      this.endedInTrailers = this.vm.stopNext;
      return answer > TrailersStatus.StopIteration ? TrailersStatus.StopIteration : answer;
    });
  }

  /** A callback whose answer steers the stream. A VM that has failed answers 503 for every stream that comes to it. */
  private iterate(callback: string, a: number, b: number, closed: number, convert: (answer: number) => number): number {
    const { vm } = this;
    if (vm.failed) return this.fail(closed);
    if (!vm.has(callback)) return 0;
    this.phase = callback;
    const answer = vm.enter(callback, this, this.id, a, b);
    let status: number;
    if (vm.failed) status = this.fail(closed);
    else status = convert(answer);
    vm.drain();
    return status;
  }

  private fail(closed: number): number {
    if (!this.failed) {
      this.chain.failStream();
      this.failed = true;
    }
    return closed;
  }

  // What the module calls.

  override readMap(type: number): HeaderMap | undefined {
    const { stream } = this.chain;
    switch (type) {
      case MapType.RequestHeaders:
        return this.inLog ? stream.requestHeaders : this.requestHeaders;
      case MapType.RequestTrailers:
        return this.inLog ? undefined : this.requestTrailers;
      case MapType.ResponseHeaders:
        return this.inLog ? stream.responseHeaders : this.responseHeaders;
      case MapType.ResponseTrailers:
        return this.inLog ? stream.responseTrailers : this.responseTrailers;
      default:
        return this.rootContext.readMap(type);
    }
  }

  override editMap(type: number): HeaderMap | undefined {
    switch (type) {
      case MapType.RequestHeaders:
        return this.requestHeaders;
      case MapType.RequestTrailers:
        // At the end of a body trailers can be made where none came.
        if (!this.requestTrailers && this.requestBody && this.endOfStream) this.requestTrailers = this.chain.addRequestTrailers();
        return this.requestTrailers;
      case MapType.ResponseHeaders:
        return this.responseHeaders;
      case MapType.ResponseTrailers:
        if (!this.responseTrailers && this.responseBody && this.endOfStream) this.responseTrailers = this.chain.addResponseTrailers();
        return this.responseTrailers;
      default:
        return undefined;
    }
  }

  override buffer(type: number): GuestBuffer {
    if (type === BufferType.RequestBody) return (this.bufferingRequest ? this.chain.requestBuffer() : this.requestBody) ?? "absent";
    if (type === BufferType.ResponseBody) return (this.bufferingResponse ? this.chain.responseBuffer() : this.responseBody) ?? "absent";
    return this.rootContext.buffer(type);
  }

  override headersEdited(type: number): void {
    if (type === MapType.RequestHeaders) this.chain.stream.clearRouteCache();
  }

  override clearRouteCache(): void {
    this.chain.stream.clearRouteCache();
  }

  override continueRequest(): void {
    this.vm.afterCall.push(() => this.chain.continueRequest(this.phase));
    this.letGo();
  }

  override continueResponse(): void {
    this.vm.afterCall.push(() => this.chain.continueResponse(this.phase));
    this.letGo();
  }

  /** Both directions let go of the request only: that is how Envoy does it. */
  private letGo(): void {
    this.requestHeaders = undefined;
    this.requestBody = undefined;
    this.requestTrailers = undefined;
  }

  override closeStream(_type: number): void {
    this.refuseAtEnd("proxy_close_stream");
    this.chain.stream.info.details ??= "wasm_close_stream";
    this.vm.afterCall.push(() => this.chain.resetStream());
  }

  override reply(reply: LocalReply): void {
    this.refuseAtEnd("proxy_send_local_response");
    this.vm.afterCall.push(() => this.chain.reply(reply));
  }

  protected override get filterState(): Map<string, Buffer> {
    return this.chain.stream.info.filterState;
  }

  /** Section 0 row 2 of what real Envoy does: the process ends with SIGSEGV. */
  private refuseAtEnd(call: string): void {
    if (this.inLog || this.destroyed) {
      throw new EnvoyCrash(
        `${call} when the stream is over: Envoy 1.40 ends with SIGSEGV`,
        `${this.plugin.spec.name}, ${this.phase || "proxy_on_log"}`,
      );
    }
  }
}

function bodyLength(buffer: GuestBuffer): number {
  return buffer instanceof Body || Buffer.isBuffer(buffer) ? buffer.length : 0;
}
