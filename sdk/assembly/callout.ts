import { proxy_http_call } from "./abi/imports";
import { BufferType, MapType, Status } from "./abi/enums";
import { clearOut, OUT_EXTRA, setLastStatus } from "./abi/out";
import { Body } from "./body";
import { Bytes } from "./bytes";
import { monotonicNanoseconds } from "./clock";
import { activate } from "./context/callback";
import { BaseContext } from "./context/base";
import { IdTable } from "./context/table";
import { Headers } from "./headers/headers";
import { HeaderList } from "./headers/list";
import { HeaderName } from "./headers/name";
import { ArenaBuffer } from "./memory/arena";
import { Misuse, refuse } from "./refuse";

/** How a callout ended. */
export enum CalloutOutcome {
  /** The upstream answered, whatever its status. */
  Answered = 0,
  /** No answer within the timeout. */
  TimedOut = 1,
  /** No connection, a reset, or a body above 32 MiB. */
  Failed = 2,
}

/** A callout under way. Compare it with `response.callout` when several are. */
export class HttpCallout {
  constructor(
    /** Ok, or why there will be no answer. */
    readonly status: Status,
    /** Envoy's number of the call; 0 unless Ok. */
    readonly token: u32,
    /** @internal */
    readonly _contextId: u32,
    /** @internal */
    readonly _rootId: u32,
    /** @internal */
    readonly _timeout: u32,
    /** @internal */
    readonly _started: u64,
    /** @internal Who asked: of a fused stream a part. */
    readonly _owner: BaseContext,
  ) {}
}

/** The answer to a callout. Valid until the callback ends. */
export class HttpCallResponse {
  /** The same object that `httpCall` returned. */
  readonly callout: HttpCallout;
  /** Includes `:status`. */
  readonly headers: Headers;
  readonly body: Body;
  /** Empty unless the cluster has `enable_trailers`. */
  readonly trailers: Headers;

  constructor(callout: HttpCallout, rootId: u32, bodySize: i32) {
    this.callout = callout;
    this.headers = new Headers().bind(MapType.HttpCallResponseHeaders, rootId, null);
    this.body = new Body().bind(BufferType.HttpCallResponseBody, rootId, null, bodySize);
    this.trailers = new Headers().bind(MapType.HttpCallResponseTrailers, rootId, null);
  }

  /** The HTTP status, 0 when there is none. */
  get status(): u32 {
    const value = this.headers.get(HeaderName.STATUS);
    return value === null ? 0 : <u32>value.toU64();
  }

  /**
   * Envoy reports a timeout as a 504 and a failure as a 503 of its own making: three headers and a fixed text. An upstream's own
   * 504 has more headers (Envoy adds x-envoy-upstream-service-time) or another body, and comes before the timeout.
   */
  get outcome(): CalloutOutcome {
    const headers = this.headers;
    if (headers.size == 0) return CalloutOutcome.Failed;
    if (headers.size != 3 || !headers.has(HeaderName.CONTENT_TYPE)) return CalloutOutcome.Answered;
    const status = this.status;
    const text = status == 504 || status == 503 ? this.body.bytes(0, 128) : null;
    if (text === null) return CalloutOutcome.Answered;
    if (status == 504) return text.equals(TIMEOUT) && this.timeIsUp() ? CalloutOutcome.TimedOut : CalloutOutcome.Answered;
    return text.startsWith(CONNECT_ERROR) || text.equals(NO_UPSTREAM) ? CalloutOutcome.Failed : CalloutOutcome.Answered;
  }

  private timeIsUp(): bool {
    const timeout = <u64>this.callout._timeout * 1_000_000;
    // Envoy's timers run on a clock of one kernel jiffy (up to 10 ms), so a timeout may come that much early.
    return timeout != 0 && monotonicNanoseconds() - this.callout._started + 10_000_000 >= timeout;
  }
}

const TIMEOUT: Bytes = Bytes.of("upstream request timeout");
const CONNECT_ERROR: Bytes = Bytes.of("upstream connect error or disconnect/reset before headers");
const NO_UPSTREAM: Bytes = Bytes.of("no healthy upstream");

const pending: IdTable<HttpCallout> = new IdTable<HttpCallout>();

/** @internal See `BaseContext.httpCall`. */
export function startHttpCall(
  context: BaseContext,
  cluster: Bytes,
  headers: HeaderList,
  body: Bytes,
  timeout: u32,
  trailers: HeaderList | null,
): HttpCallout {
  const id = context._id;
  let status = headers.status;
  if (status == Status.Ok && trailers !== null) status = trailers.status;
  if (status == Status.Ok) {
    // In trailers neither has a place; in headers `:method` and its like must be.
    let forbidden = headers.framing;
    if (headers.hasStatus) forbidden = HeaderName.STATUS;
    if (forbidden === null && trailers !== null) forbidden = trailers.pseudo !== null ? trailers.pseudo : trailers.framing;
    if (forbidden !== null)
      status = refuse(Misuse.ProtectedHeader, "httpCall with header " + forbidden.toString() + ": has no place there");
  }
  if (status == Status.Ok) status = activate(id);
  if (status != Status.Ok) return new HttpCallout(status, 0, id, context._rootId, timeout, 0, context);
  const head = new ArenaBuffer();
  const tail = new ArenaBuffer();
  headers.serialize(head);
  if (trailers !== null) trailers.serialize(tail);
  if (!head.ok || !tail.ok) return new HttpCallout(Status.InvalidMemoryAccess, 0, id, context._rootId, timeout, 0, context);
  cluster._fresh();
  body._fresh();
  clearOut();
  status = setLastStatus(
    proxy_http_call(cluster.ptr, cluster.length, head.at, head.length, body.ptr, body.length, tail.at, tail.length, timeout, OUT_EXTRA),
  );
  const token = status == Status.Ok ? load<u32>(OUT_EXTRA) : 0;
  const callout = new HttpCallout(status, token, id, context._rootId, timeout, status == Status.Ok ? monotonicNanoseconds() : 0, context);
  if (token != 0) pending.set(token, callout);
  return callout;
}

/** @internal Takes the callout of a token out of the table; null when it is not ours. */
export function takeCallout(token: u32): HttpCallout | null {
  return pending.remove(token);
}

/** @internal Drops what a root that is deleted, or its streams, still wait for. */
export function dropCallouts(rootId: u32): void {
  pending.removeWhere(rootId, (callout: HttpCallout, id: u32) => callout._rootId == id);
}
