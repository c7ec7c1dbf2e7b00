import { proxy_get_property, proxy_set_property } from "../abi/imports";
import { Status } from "../abi/enums";
import { clearOut, OUT, OUT_LENGTH, outBytes, setLastStatus } from "../abi/out";
import { Bytes, EMPTY } from "../bytes";
import { HttpCallout, HttpCallResponse, startHttpCall } from "../callout";
import { ForeignFunction, ForeignResult } from "../foreign/call";
import { HeaderList } from "../headers/list";
import { PropertyPath } from "../property";
import { activate } from "./callback";

/** What root and stream contexts share: properties and callouts. All host calls are made for this context, whichever callback runs. */
export abstract class BaseContext {
  // AssemblyScript refuses a subclass's member of a private one's name: all that filters do not see begins with "_".
  /** @internal */
  _id: u32 = 0;
  /** @internal The root that made it; its own id for a root. */
  _rootId: u32 = 0;

  /** Envoy's number of this context, unique in its VM; 0 before the SDK has registered it. */
  get contextId(): u32 {
    return this._id;
  }

  /**
   * An attribute of Envoy or Istio, raw and borrowed; null when absent in this phase. Numbers are 8 bytes little endian, a map
   * is a block of pairs: prefer the typed readers below.
   * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes
   */
  property(path: PropertyPath): Bytes | null {
    return this._readProperty(path) ? outBytes() : null;
  }

  propertyString(path: PropertyPath): string | null {
    return this._readProperty(path) ? outBytes().toString() : null;
  }

  /** Integers, and timestamps and durations in nanoseconds; `otherwise` when absent or not 8 bytes. */
  propertyInt(path: PropertyPath, otherwise: i64 = 0): i64 {
    return this._readProperty(path) && load<i32>(OUT_LENGTH) == 8 ? load<i64>(load<usize>(OUT)) : otherwise;
  }

  /** Doubles, which numbers in dynamic metadata are. */
  propertyFloat(path: PropertyPath, otherwise: f64 = 0): f64 {
    return this._readProperty(path) && load<i32>(OUT_LENGTH) == 8 ? load<f64>(load<usize>(OUT)) : otherwise;
  }

  propertyBool(path: PropertyPath, otherwise: bool = false): bool {
    return this._readProperty(path) && load<i32>(OUT_LENGTH) == 1 ? load<u8>(load<usize>(OUT)) != 0 : otherwise;
  }

  /**
   * Sets `wasm.<key>` in the stream's filter state, for access logs (`%FILTER_STATE(wasm.key:PLAIN)%`) and later filters. Nothing
   * else can be set: on `request.path` and its like Envoy answers Ok and does nothing.
   */
  setProperty(key: PropertyPath, value: Bytes): Status {
    value._fresh();
    const status = activate(this._id);
    if (status != Status.Ok) return status;
    return setLastStatus(proxy_set_property(key.bytes.ptr, key.bytes.length, value.ptr, value.length));
  }

  /**
   * Sends an HTTP request to a cluster. The answer comes to `onHttpCallResponse` of this very object, and is dropped when its stream
   * has ended meanwhile.
   *
   * @param cluster a cluster of Envoy's, by name
   * @param headers must hold `:method`, `:path` and `:authority`
   * @param timeoutMilliseconds 0: none
   * @returns the callout; its `status` is Ok, BadArgument (unknown cluster, a missing or invalid header) or InternalFailure (no
   *   endpoint, circuit breaker full). Unless Ok, no answer comes.
   */
  httpCall(
    cluster: Bytes,
    headers: HeaderList,
    body: Bytes = EMPTY,
    timeoutMilliseconds: u32 = 5000,
    trailers: HeaderList | null = null,
  ): HttpCallout {
    return startHttpCall(this, cluster, headers, body, timeoutMilliseconds, trailers);
  }

  /** An answer to `httpCall`, or word that none came: see `response.outcome`. */
  onHttpCallResponse(response: HttpCallResponse): void {}

  /** Calls a function of the proxy for this context, whichever callback runs. */
  callForeign(what: ForeignFunction, argument: Bytes = EMPTY): ForeignResult {
    const status = activate(this._id);
    return status == Status.Ok ? what.call(argument) : new ForeignResult(status, EMPTY);
  }

  private _readProperty(path: PropertyPath): bool {
    if (activate(this._id) != Status.Ok) return false;
    clearOut();
    return setLastStatus(proxy_get_property(path.bytes.ptr, path.bytes.length, OUT, OUT_LENGTH)) == Status.Ok;
  }
}
