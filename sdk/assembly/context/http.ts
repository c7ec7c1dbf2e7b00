import { proxy_close_stream, proxy_continue_stream, proxy_send_local_response } from "../abi/imports";
import { FilterDataStatus, FilterHeadersStatus, FilterTrailersStatus, GrpcStatus, MapType, Status, StreamType } from "../abi/enums";
import { setLastStatus } from "../abi/out";
import { Body } from "../body";
import { Bytes, EMPTY } from "../bytes";
import { ForeignFunction } from "../foreign/call";
import { FilterStateLifeSpan, FilterStateOutcome, setFilterState } from "../foreign/filter-state";
import { Headers } from "../headers/headers";
import { HeaderList } from "../headers/list";
import { ArenaBuffer } from "../memory/arena";
import { Misuse, refuse } from "../refuse";
import { BaseContext } from "./base";
import { activate, current, ending, epoch, setCurrent } from "./callback";

const CLEAR_ROUTE_CACHE = new ForeignFunction("clear_route_cache");

// What the SDK remembers of a stream, to refuse the calls that crash Envoy.
const RESPONSE_STARTED: u32 = 1;
const ENDED: u32 = 2;
const REQUEST_LENGTH_REMOVED: u32 = 4;
const RESPONSE_LENGTH_REMOVED: u32 = 8;
const RESPONSE_HAS_BODY: u32 = 16;
// Which direction is paused, whose callback runs, and whether to go on after it.
const REQUEST_PAUSED: u32 = 32;
const RESPONSE_PAUSED: u32 = 64;
const IN_REQUEST: u32 = 128;
const IN_RESPONSE: u32 = 256;
const GO_ON: u32 = 512;
// The direction's trailers were let through.
const REQUEST_PASSED: u32 = 1024;
const RESPONSE_PASSED: u32 = 2048;
// The direction was stopped once and told to go on; Envoy holds its body.
const REQUEST_RESUMED: u32 = 4096;
const RESPONSE_RESUMED: u32 = 8192;
const REQUEST_HELD: u32 = 16384;
const RESPONSE_HELD: u32 = 32768;

/**
 * One request and its response. Override the callbacks that are needed: the build exports exactly those, and one that is not
 * exported costs nothing. An override lists every parameter.
 *
 * Request headers are readable in `onRequestHeaders` and `onLog` only (in `onRequestBody` too, if `onRequestHeaders` paused with
 * `allow_on_headers_stop_iteration`); response headers in `onResponseHeaders` and `onLog`.
 */
export abstract class HttpContext extends BaseContext {
  private _state: u32 = 0;
  /** @internal The callback (by its epoch) in which we answered or closed the stream; 0: we have not. */
  _answeredIn: u32 = 0;
  /** @internal Counts edits of headers, so that a second view of a map knows that it is old. */
  _edits: u32 = 0;
  /** @internal The stream that it is fused into, and its place there; null: it is alone. */
  _whole: HttpContext | null = null;
  /** @internal */
  _place: i32 = 0;

  onRequestHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    return FilterHeadersStatus.Continue;
  }

  onRequestBody(body: Body, endOfStream: bool): FilterDataStatus {
    return FilterDataStatus.Continue;
  }

  onRequestTrailers(trailers: Headers): FilterTrailersStatus {
    return FilterTrailersStatus.Continue;
  }

  /** Also comes for Envoy's own answers (404, 503, redirects) and for our own local replies. */
  onResponseHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    return FilterHeadersStatus.Continue;
  }

  onResponseBody(body: Body, endOfStream: bool): FilterDataStatus {
    return FilterDataStatus.Continue;
  }

  onResponseTrailers(trailers: Headers): FilterTrailersStatus {
    return FilterTrailersStatus.Continue;
  }

  /** The stream is over: codes, flags, sizes and durations are final. Request and response headers can be read again. */
  onLog(): void {}

  /** After `onLog`; Envoy ignores what an HTTP stream would answer here. */
  onDone(): void {}

  /** The last callback of a stream. */
  onDelete(): void {}

  /** The request's headers, outside their own callback: in `onLog`, while paused in a timer or an answer. */
  requestHeaders(): Headers {
    return this._top()._view(MapType.RequestHeaders);
  }

  /** The response's headers, outside their own callback. */
  responseHeaders(): Headers {
    return this._top()._view(MapType.ResponseHeaders);
  }

  /** The request's trailers; in the `endOfStream` body callback new ones can be added. */
  requestTrailers(): Headers {
    return this._top()._view(MapType.RequestTrailers);
  }

  /** The response's trailers; in the `endOfStream` body callback new ones can be added. */
  responseTrailers(): Headers {
    return this._top()._view(MapType.ResponseTrailers);
  }

  /**
   * Answers the request in place of the upstream, once: a stream that was answered or closed takes no second answer and goes on no
   * more. Possible from `onRequestHeaders` on, also while the upstream works and while the response's headers are paused; during a
   * response's body the client gets what was sent so far and a closed connection. The callbacks of the response then run for our own
   * answer.
   *
   * @param statusCode 200 to 599
   * @param body must be empty with 204, 205 and 304, which have none: a client would take it for the next response
   * @param details for `%RESPONSE_CODE_DETAILS%`; Envoy writes spaces as `_`
   * @param grpcStatus for requests with content-type application/grpc, whose HTTP status is then 200; -1: mapped from statusCode
   * @returns BadArgument when the stream is over, the code is out of range or the headers were refused
   */
  sendLocalResponse(
    statusCode: u32,
    body: Bytes = EMPTY,
    headers: HeaderList | null = null,
    details: Bytes = EMPTY,
    grpcStatus: i32 = -1,
  ): Status {
    if (this._over("sendLocalResponse")) return Status.BadArgument;
    if (statusCode < 200 || statusCode > 599 || grpcStatus < -1 || grpcStatus > 16) {
      return refuse(
        Misuse.StatusCode,
        "sendLocalResponse with status " +
          statusCode.toString() +
          ", grpc " +
          grpcStatus.toString() +
          ": 200 to 599 and -1 to 16 are allowed",
      );
    }
    if (body.length > 0 && hasNoBody(statusCode)) {
      return refuse(
        Misuse.StatusCode,
        "sendLocalResponse with status " + statusCode.toString() + " and a body: the client would take it for the next response",
      );
    }
    body._fresh();
    details._fresh();
    const block = new ArenaBuffer();
    if (headers !== null) {
      if (headers.status != Status.Ok) return headers.status;
      const forbidden = headers.pseudo !== null ? headers.pseudo : headers.framing;
      if (forbidden !== null)
        return refuse(Misuse.ProtectedHeader, "sendLocalResponse with header " + forbidden.toString() + ": Envoy sets it");
    }
    const status = this._act("sendLocalResponse");
    if (status != Status.Ok) return status;
    if (headers !== null) headers.serialize(block);
    if (!block.ok) return Status.InvalidMemoryAccess;
    return this._answered(
      setLastStatus(
        proxy_send_local_response(statusCode, details.ptr, details.length, body.ptr, body.length, block.at, block.length, grpcStatus),
      ),
    );
  }

  /** Answers a gRPC request: HTTP 200, `grpc-status`, `grpc-message`. */
  sendGrpcLocalResponse(grpcStatus: GrpcStatus, message: Bytes = EMPTY, headers: HeaderList | null = null): Status {
    return this.sendLocalResponse(200, message, headers, message, grpcStatus);
  }

  /**
   * Lets a paused request go on. Edit its headers before. Ok and without effect when it is not paused: Envoy would send it once more. In a
   * callback of the request it is the same as answering Continue. Refused after an answer of ours, which it would undo.
   */
  continueRequest(): Status {
    if (this._answeredIn != 0) return refuse(Misuse.AfterEnd, "continueRequest: the stream is answered or closed already");
    return this._continue("continueRequest", StreamType.Request, IN_REQUEST, REQUEST_PAUSED);
  }

  /** Lets a paused response go on, as `continueRequest` does. Refused before `onResponseHeaders` (which must be overridden): Envoy would crash. */
  continueResponse(): Status {
    if (!(this._state & RESPONSE_STARTED)) {
      return refuse(Misuse.ContinueResponseEarly, "continueResponse before this filter's onResponseHeaders");
    }
    if (this._endedNow()) return refuse(Misuse.AfterEnd, "continueResponse: the stream was answered or closed in this callback");
    return this._continue("continueResponse", StreamType.Response, IN_RESPONSE, RESPONSE_PAUSED);
  }

  /** Resets the stream, without an answer; response code details `wasm_close_stream`. */
  closeStream(): Status {
    if (this._over("closeStream")) return Status.BadArgument;
    const status = this._act("closeStream");
    return status == Status.Ok ? this._answered(setLastStatus(proxy_close_stream(StreamType.Request))) : status;
  }

  /**
   * Lets Envoy choose the route anew. Edits of request headers do that by themselves; this is for what else a route may depend on, such as
   * filter state or dynamic metadata. NotFound when the proxy has no `clear_route_cache`.
   */
  clearRouteCache(): Status {
    return this.callForeign(CLEAR_ROUTE_CACHE).status;
  }

  /**
   * Sets an entry of the filter state that Envoy's own filters read, e.g. `envoy.tcp_proxy.cluster`, `envoy.string`. For access logs and later
   * wasm filters `setProperty` is simpler.
   */
  setEnvoyFilterState(key: Bytes, value: Bytes, lifeSpan: FilterStateLifeSpan = FilterStateLifeSpan.FilterChain): FilterStateOutcome {
    return activate(this._id) == Status.Ok ? setFilterState(key, value, lifeSpan) : FilterStateOutcome.Failed;
  }

  /** Only what is paused is told to go on: Envoy sends headers or trailers a second time when it is told so of a stream that flows. */
  private _continue(what: string, type: StreamType, within: u32, paused: u32): Status {
    const status = this._act(what);
    if (status != Status.Ok) return status;
    if (this._state & within) {
      this._state |= GO_ON;
      return Status.Ok;
    }
    if (!(this._state & paused)) return Status.Ok;
    this._state = (this._state & ~paused) | (type == StreamType.Request ? REQUEST_RESUMED : RESPONSE_RESUMED);
    const whole = this._whole;
    return whole === null ? setLastStatus(proxy_continue_stream(type)) : whole._partGoesOn(this._place, type);
  }

  /**
   * Two ends of one stream, or one in onLog and later, crash Envoy: it queues them until the callback ends, and the second finds no stream. A
   * reply to another stream in a stream's own callback leaves the caller hanging.
   */
  private _over(what: string): bool {
    if (this._state & ENDED || ending) refuse(Misuse.AfterEnd, what + ": the stream is over (in onLog and later Envoy would crash)");
    else if (this._answeredIn != 0 || this._endedNow())
      refuse(Misuse.AfterEnd, what + ": the stream is answered or closed already (Envoy could crash)");
    else if (current != 0 && current != this._id)
      refuse(Misuse.WrongContext, what + " of another stream in a stream's callback: do it in onTick");
    else return false;
    return true;
  }

  private _answered(status: Status): Status {
    if (status == Status.Ok) {
      this._answeredIn = epoch;
      this._top()._answeredIn = epoch;
    }
    return status;
  }

  private _act(what: string): Status {
    const status = activate(this._id);
    return status == Status.Ok ? status : refuse(Misuse.WrongContext, what + ": the stream is gone or not yet there", status);
  }

  /** @internal The whole stream: itself, unless it is a part of one. */
  _top(): HttpContext {
    const whole = this._whole;
    return whole === null ? this : whole;
  }

  /** @internal The part at a place; itself, when it is alone. */
  _part(place: i32): HttpContext | null {
    return this;
  }

  /** @internal A part that had stopped a direction goes on. */
  _partGoesOn(place: i32, type: StreamType): Status {
    return Status.NotFound;
  }

  /** @internal */
  _view(map: MapType): Headers {
    return new Headers().bind(map, this._id, this);
  }

  /** @internal A callback of the request or the response begins. */
  _enter(request: bool): void {
    setCurrent(this._id);
    this._state = (this._state & ~GO_ON) | (request ? IN_REQUEST : IN_RESPONSE);
  }

  /** @internal It is over with this answer; what Envoy is to be told. */
  _leave(request: bool, answer: u32): u32 {
    setCurrent(0);
    if (this._state & GO_ON) answer = 0;
    const paused = request ? REQUEST_PAUSED : RESPONSE_PAUSED;
    this._state &= ~(GO_ON | paused | (request ? IN_REQUEST : IN_RESPONSE));
    // Our own reply comes through the response's callbacks, and may be paused there as any other.
    if (answer != 0 && !this._endedNow()) this._state |= paused;
    return answer;
  }

  /** @internal Its trailers were let through. */
  _trailersPassed(request: bool): void {
    this._state |= request ? REQUEST_PASSED : RESPONSE_PASSED;
  }

  /**
   * @internal Whether this callback only says again what was let through: told to go on behind a body that it holds (`_losesBody`), Envoy begins with this
   * filter once more. To stop it again would be to tell it again, until the stack is full.
   */
  _isRepeated(request: bool): bool {
    return (this._state & (request ? REQUEST_PASSED : RESPONSE_PASSED)) != 0;
  }

  /** @internal What a body's callback has answered. */
  _bodyHeld(request: bool, held: bool): void {
    const flag = request ? REQUEST_HELD : RESPONSE_HELD;
    this._state = held ? this._state | flag : this._state & ~flag;
  }

  /**
   * @internal Trailers are let through behind a body that Envoy holds. Where headers were stopped before, it would lose the body: it iterates from this
   * filter already, and does so once more. Told to go on by hand it does not (source/common/http/filter_manager.cc, commonContinue).
   */
  _losesBody(request: bool): bool {
    const flags = request ? REQUEST_RESUMED | REQUEST_HELD : RESPONSE_RESUMED | RESPONSE_HELD;
    return (this._state & flags) == flags;
  }

  /** @internal */
  _continueNow(request: bool): void {
    if (activate(this._id) == Status.Ok) proxy_continue_stream(request ? StreamType.Request : StreamType.Response);
  }

  /** @internal Whether a direction is stopped now. */
  _isPaused(request: bool): bool {
    return (this._state & (request ? REQUEST_PAUSED : RESPONSE_PAUSED)) != 0;
  }

  /** @internal True when we answered or closed the stream in the callback that runs. */
  _endedNow(): bool {
    return this._top()._answeredIn == epoch;
  }

  /** @internal A header block of a response came: the upstream's, or that of a local reply. */
  _responseHeaders(endOfStream: bool): void {
    this._state = (this._state & ~(RESPONSE_LENGTH_REMOVED | RESPONSE_HAS_BODY | RESPONSE_PASSED)) | RESPONSE_STARTED;
    if (!endOfStream) this._state |= RESPONSE_HAS_BODY;
  }

  /** @internal */
  _responseStarted(): void {
    this._state |= RESPONSE_STARTED;
  }

  /** @internal */
  _responseHasBody(): bool {
    return (this._state & RESPONSE_HAS_BODY) != 0;
  }

  /** @internal */
  _ended(): void {
    this._state |= ENDED;
  }

  /** @internal */
  _lengthRemoved(request: bool): void {
    this._state |= request ? REQUEST_LENGTH_REMOVED : RESPONSE_LENGTH_REMOVED;
  }

  /** @internal True when a body of another length cannot be taken for the start of the next message. */
  _mayResize(request: bool): bool {
    return (this._state & (request ? REQUEST_LENGTH_REMOVED : RESPONSE_LENGTH_REMOVED)) != 0;
  }
}

/** Whether answers of a status have no body: 204, 205 and 304 (RFC 9110, 15.3.5, 15.3.6, 15.4.5). */
export function hasNoBody(statusCode: u64): bool {
  return statusCode == 204 || statusCode == 205 || statusCode == 304;
}
