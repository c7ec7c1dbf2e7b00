import { BufferType, FilterDataStatus, FilterHeadersStatus, FilterTrailersStatus, MapType, Status, StreamType } from "../abi/enums";
import { Body } from "../body";
import { current, depth, epoch, setCurrent } from "../context/callback";
import { HttpContext } from "../context/http";
import { RootContext } from "../context/root";
import { Headers } from "../headers/headers";
import { Phase, Stop } from "./stop";

const logged: Headers = new Headers();

/**
 * A stream that goes through its parts as through a chain of Envoy's filters: the request forward, the response backward through those that the
 * request has reached. Who stops a direction keeps it from those behind, and they get it, whole, when that one lets it go
 * (source/common/http/filter_manager.cc). All see one view of the headers, and so each other's edits.
 */
export class FusedStream extends HttpContext {
  private readonly parts: StaticArray<HttpContext | null>;
  /** Parts that the request has come to: the others know nothing of this stream. No place is above the number of parts. */
  private reached: i32 = 0;
  /** How many of them the response goes through: those that the request had come to when it began. */
  private answering: i32 = -1;
  private requestEnd: bool = false;
  private responseEnd: bool = false;
  /** Null where no part has ever stopped. */
  private requestStop: Stop | null = null;
  private responseStop: Stop | null = null;
  private requestView: Headers | null = null;
  private responseView: Headers | null = null;

  constructor(private roots: RootContext[]) {
    super();
    this.parts = new StaticArray<HttpContext | null>(roots.length);
  }

  // --- what Envoy says ---

  onRequestHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    this.requestEnd = endOfStream;
    this.requestView = headers;
    return this.headersFrom(true, 0, headers);
  }

  onRequestBody(body: Body, endOfStream: bool): FilterDataStatus {
    this.openAll();
    this.requestEnd = endOfStream;
    return this.bodyFrom(true, 0, body);
  }

  onRequestTrailers(trailers: Headers): FilterTrailersStatus {
    this.openAll();
    return this.trailersFrom(true, 0, trailers);
  }

  onResponseHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    this.openAll();
    this.answering = this.reached;
    this.responseEnd = endOfStream;
    this.responseView = headers;
    // An answer of a part's own takes the place of one that was stopped.
    this.responseStop = null;
    return this.headersFrom(false, 0, headers);
  }

  onResponseBody(body: Body, endOfStream: bool): FilterDataStatus {
    this.openAll();
    this.responseEnd = endOfStream;
    return this.bodyFrom(false, 0, body);
  }

  onResponseTrailers(trailers: Headers): FilterTrailersStatus {
    this.openAll();
    return this.trailersFrom(false, 0, trailers);
  }

  onLog(): void {
    for (let i = 0; i < this.parts.length; i++) {
      const part = unchecked(this.parts[i]);
      if (part === null) unchecked(this.roots[i])._logs(this._id, this.loggedView());
      else {
        part._ended();
        part.onLog();
      }
    }
  }

  /** One for all streams, for none logs while another one does; in debug builds, where one that was kept is to be found out, one for each. */
  private loggedView(): Headers {
    return ASC_NO_ASSERT && depth == 1 ? logged.bind(MapType.RequestHeaders, this._id, this) : this._view(MapType.RequestHeaders);
  }

  onDone(): void {
    for (let i = 0; i < this.parts.length; i++) {
      const part = unchecked(this.parts[i]);
      if (part === null) continue;
      part._ended();
      part.onDone();
    }
  }

  onDelete(): void {
    for (let i = 0; i < this.parts.length; i++) {
      const part = unchecked(this.parts[i]);
      if (part === null) continue;
      part._ended();
      part.onDelete();
    }
  }

  // --- the parts, in the order of a direction ---

  /** The part at a step of the way: the request's first is the response's last. */
  private placeOf(request: bool, step: i32): i32 {
    return request ? step : this.steps(false) - 1 - step;
  }

  /** Steps of a way. */
  private steps(request: bool): i32 {
    if (request) return this.reached;
    if (this.answering < 0) this.answering = this.reached;
    return this.answering;
  }

  private headersFrom(request: bool, step: i32, headers: Headers): u32 {
    const end = request ? this.requestEnd : this.responseEnd;
    const steps = request ? this.roots.length : this.steps(false);
    for (; step < steps; step++) {
      const part = request ? this.open(step) : unchecked(this.parts[this.placeOf(false, step)]);
      if (part === null) continue;
      part._enter(request);
      let answer: u32 = 0;
      if (request) answer = part.onRequestHeaders(headers, end);
      else {
        part._responseHeaders(end);
        answer = part.onResponseHeaders(headers, end);
      }
      answer = part._leave(request, answer);
      if (answer != 0 || this._endedNow()) return this.stopped(request, Phase.Headers, step, answer);
    }
    return 0;
  }

  private bodyFrom(request: bool, step: i32, body: Body): u32 {
    const stop = request ? this.requestStop : this.responseStop;
    // Headers that are stopped keep what follows from everybody; with `allow_on_headers_stop_iteration` it comes all the same.
    if (stop !== null && stop.phase == Phase.Headers && stop.at >= step && this._isPaused(request))
      return FilterDataStatus.StopIterationAndBuffer;
    const end = request ? this.requestEnd : this.responseEnd;
    const holder = stop === null ? -1 : stop.holder;
    for (; step < this.steps(request); step++) {
      const part = unchecked(this.parts[this.placeOf(request, step)]);
      if (part === null) continue;
      body._window(stop !== null && step < holder ? stop.held : 0);
      part._enter(request);
      let answer: u32 = 0;
      if (request) answer = part.onRequestBody(body, end);
      else {
        part._responseStarted();
        answer = part.onResponseBody(body, end);
      }
      answer = part._leave(request, answer);
      if (answer == 0 && !this._endedNow()) continue;
      // What is not buffered is gone.
      if (answer != FilterDataStatus.StopIterationNoBuffer) this.holds(request, step, body._total);
      return this.stopped(request, Phase.Body, step, answer);
    }
    if (stop !== null) stop.holder = -1;
    return 0;
  }

  private trailersFrom(request: bool, step: i32, trailers: Headers): u32 {
    for (; step < this.steps(request); step++) {
      const part = unchecked(this.parts[this.placeOf(request, step)]);
      if (part === null) continue;
      part._enter(request);
      let answer: u32 = 0;
      if (request) answer = part.onRequestTrailers(trailers);
      else {
        part._responseStarted();
        answer = part.onResponseTrailers(trailers);
      }
      answer = part._leave(request, answer);
      if (answer != 0 || this._endedNow()) return this.stopped(request, Phase.Trailers, step, answer);
      if (!this.released(request, step)) return FilterTrailersStatus.StopIteration;
    }
    return 0;
  }

  /** A part that lets trailers through lets the body go that is held for it, first to those behind it. False: the stream was answered. */
  private released(request: bool, step: i32): bool {
    const stop = request ? this.requestStop : this.responseStop;
    if (stop === null || stop.holder != step) return true;
    stop.holder = -1;
    this.bodyFrom(request, step + 1, this.heldBody(request, stop));
    return !this._endedNow();
  }

  private heldBody(request: bool, stop: Stop): Body {
    return new Body().bind(request ? BufferType.RequestBody : BufferType.ResponseBody, this._id, this, stop.held);
  }

  /** Notes who has stopped what; the answer for Envoy. */
  private stopped(request: bool, phase: Phase, step: i32, answer: u32): u32 {
    const stop = this.stopOf(request);
    stop.phase = phase;
    stop.at = step;
    return answer;
  }

  private holds(request: bool, step: i32, bytes: i32): void {
    const stop = this.stopOf(request);
    stop.holder = step;
    stop.held = bytes;
  }

  private stopOf(request: bool): Stop {
    const known = request ? this.requestStop : this.responseStop;
    if (known !== null) return known;
    const made = new Stop();
    if (request) this.requestStop = made;
    else this.responseStop = made;
    return made;
  }

  /** The object of a part, made when the request comes to it; null: the part takes no part in HTTP. */
  private open(place: i32): HttpContext | null {
    this.reached = place + 1;
    const made = unchecked(this.roots[place]).createHttpContext();
    if (made === null) return null;
    // One object for two streams would hide the first from its filter: a way around an authorization filter.
    if (made._id != 0) abort("createHttpContext returned an object that serves another stream", "sdk/assembly/fusion/stream.ts", 0, 0);
    made._id = this._id;
    made._rootId = this._rootId;
    made._whole = this;
    made._place = place;
    unchecked((this.parts[place] = made));
    return made;
  }

  /** Where no part has a callback for the request's headers, the module has none, and the first to come is another. */
  private openAll(): void {
    if (this.reached == 0 && this.requestView === null) for (let i = 0; i < this.roots.length; i++) this.open(i);
  }

  // --- what parts ask ---

  /** @internal */
  _part(place: i32): HttpContext | null {
    return unchecked(this.parts[place]);
  }

  /** @internal A part that had stopped a direction lets it go: to the parts behind it, and behind the last one to Envoy. */
  _partGoesOn(place: i32, type: StreamType): Status {
    const request = type == StreamType.Request;
    const stop = request ? this.requestStop : this.responseStop;
    if (stop === null || this.placeOf(request, stop.at) != place) return Status.Ok;
    // A request that is answered goes no further, whoever has answered it.
    if (request && (this._answeredIn != 0 || (stop.phase == Phase.Headers && this.answering >= 0))) return Status.Ok;
    const within = current;
    const answer = this.resume(request, stop);
    setCurrent(within);
    if (answer != 0 || this._endedNow()) return Status.Ok;
    return request ? this.continueRequest() : this.continueResponse();
  }

  private resume(request: bool, stop: Stop): u32 {
    const next = stop.at + 1;
    if (stop.phase == Phase.Headers) {
      return this.headersFrom(request, next, this._view(request ? MapType.RequestHeaders : MapType.ResponseHeaders));
    }
    if (stop.phase == Phase.Body) {
      stop.holder = -1;
      return this.bodyFrom(request, next, this.heldBody(request, stop));
    }
    if (!this.released(request, stop.at)) return FilterTrailersStatus.StopIteration;
    return this.trailersFrom(request, next, this._view(request ? MapType.RequestTrailers : MapType.ResponseTrailers));
  }

  /** @internal One view for all parts in a callback: one read of the headers. */
  _view(map: MapType): Headers {
    const request = <i32>map == MapType.RequestHeaders;
    if (!request && <i32>map != MapType.ResponseHeaders) return super._view(map);
    const known = request ? this.requestView : this.responseView;
    if (known !== null && known._isOf(this, epoch)) return known;
    const made = super._view(map);
    if (request) this.requestView = made;
    else this.responseView = made;
    return made;
  }

  /** @internal */
  _openStreams(): i32 {
    let streams = 0;
    for (let i = 0; i < this.parts.length; i++) {
      const part = unchecked(this.parts[i]);
      if (part !== null) streams += part._streams;
    }
    return streams;
  }
}
