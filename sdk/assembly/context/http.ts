import { proxy_close_stream, proxy_continue_stream, proxy_send_local_response } from "../abi/imports";
import { FilterDataStatus, FilterHeadersStatus, FilterTrailersStatus, GrpcStatus, MapType, Status, StreamType } from "../abi/enums";
import { setLastStatus } from "../abi/out";
import { Body } from "../body";
import { Bytes, EMPTY } from "../bytes";
import { Headers } from "../headers/headers";
import { HeaderList } from "../headers/list";
import { ArenaBuffer } from "../memory/arena";
import { Misuse, refuse } from "../refuse";
import { BaseContext } from "./base";
import { activate } from "./callback";

// What the SDK remembers of a stream, to refuse the calls that crash Envoy.
const RESPONSE_STARTED: u32 = 1;
const ENDED: u32 = 2;
const REQUEST_LENGTH_REMOVED: u32 = 4;
const RESPONSE_LENGTH_REMOVED: u32 = 8;

/**
 * One request and its response. Override the callbacks that are needed: the build exports exactly those, and one that is not
 * exported costs nothing. An override lists every parameter.
 *
 * Request headers are readable in `onRequestHeaders` and `onLog` only (in `onRequestBody` too, if `onRequestHeaders` paused with
 * `allow_on_headers_stop_iteration`); response headers in `onResponseHeaders` and `onLog`.
 */
export abstract class HttpContext extends BaseContext {
  private _state: u32 = 0;

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
    return new Headers().bind(MapType.RequestHeaders, this._id, this);
  }

  /** The response's headers, outside their own callback. */
  responseHeaders(): Headers {
    return new Headers().bind(MapType.ResponseHeaders, this._id, this);
  }

  /** The request's trailers; in the `endOfStream` body callback new ones can be added. */
  requestTrailers(): Headers {
    return new Headers().bind(MapType.RequestTrailers, this._id, this);
  }

  /** The response's trailers; in the `endOfStream` body callback new ones can be added. */
  responseTrailers(): Headers {
    return new Headers().bind(MapType.ResponseTrailers, this._id, this);
  }

  /**
   * Answers the request in place of the upstream; of several in one callback the first wins. Possible from `onRequestHeaders` on,
   * also while the upstream works and while the response's headers are paused; during a response's body the client gets what was
   * sent so far and a closed connection. The callbacks of the response then run for our own answer.
   *
   * @param statusCode 200 to 599
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
    if (this._state & ENDED) return refuse(Misuse.AfterEnd, "sendLocalResponse: the stream is over (in onLog and later Envoy would crash)");
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
    return setLastStatus(
      proxy_send_local_response(statusCode, details.ptr, details.length, body.ptr, body.length, block.at, block.length, grpcStatus),
    );
  }

  /** Answers a gRPC request: HTTP 200, `grpc-status`, `grpc-message`. */
  sendGrpcLocalResponse(grpcStatus: GrpcStatus, message: Bytes = EMPTY, headers: HeaderList | null = null): Status {
    return this.sendLocalResponse(200, message, headers, message, grpcStatus);
  }

  /** Lets a paused request go on. Edit its headers before. Ok and without effect when it is not paused. */
  continueRequest(): Status {
    const status = this._act("continueRequest");
    return status == Status.Ok ? setLastStatus(proxy_continue_stream(StreamType.Request)) : status;
  }

  /** Lets a paused response go on. Refused before `onResponseHeaders` (which must be overridden): Envoy would crash. */
  continueResponse(): Status {
    if (!(this._state & RESPONSE_STARTED)) {
      return refuse(Misuse.ContinueResponseEarly, "continueResponse before this filter's onResponseHeaders");
    }
    const status = this._act("continueResponse");
    return status == Status.Ok ? setLastStatus(proxy_continue_stream(StreamType.Response)) : status;
  }

  /** Resets the stream, without an answer; response code details `wasm_close_stream`. */
  closeStream(): Status {
    if (this._state & ENDED) return refuse(Misuse.AfterEnd, "closeStream: the stream is over (in onLog and later Envoy would crash)");
    const status = this._act("closeStream");
    return status == Status.Ok ? setLastStatus(proxy_close_stream(StreamType.Request)) : status;
  }

  private _act(what: string): Status {
    const status = activate(this._id);
    return status == Status.Ok ? status : refuse(Misuse.WrongContext, what + ": the stream is gone or not yet there", status);
  }

  /** @internal */
  _responseStarted(): void {
    this._state |= RESPONSE_STARTED;
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
