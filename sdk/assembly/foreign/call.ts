import { proxy_call_foreign_function } from "../abi/imports";
import { Status } from "../abi/enums";
import { clearOut, OUT, OUT_LENGTH, outBytes, setLastStatus } from "../abi/out";
import { Bytes, EMPTY } from "../bytes";

/** What a foreign function answered. */
export class ForeignResult {
  constructor(
    /**
     * Ok, or the function's own failure. NotFound: the proxy has no function of that name; a function may answer it, too, and the typed ones of
     * this SDK then say which it was.
     */
    readonly status: Status,
    /** The result, borrowed; empty unless Ok. */
    readonly bytes: Bytes,
  ) {}

  get ok(): bool {
    return this.status == Status.Ok;
  }
}

/**
 * A function that the proxy offers beside the ABI, by name. Make it a constant at the top of a file. Those of stock Envoy have typed
 * callers: `verifySignature`, `HttpContext.clearRouteCache`, `HttpContext.setEnvoyFilterState`, `compress`, `Expression`.
 * https://github.com/envoyproxy/envoy/blob/v1.40.0/source/extensions/common/wasm/foreign.cc
 */
export class ForeignFunction {
  private readonly name: Bytes;

  constructor(name: string) {
    this.name = Bytes.of(name);
  }

  /** Calls it for the context whose callback runs; to call it for another, see `BaseContext.callForeign`. */
  call(argument: Bytes = EMPTY): ForeignResult {
    argument._fresh();
    clearOut();
    const status = setLastStatus(
      proxy_call_foreign_function(this.name.ptr, this.name.length, argument.ptr, argument.length, OUT, OUT_LENGTH),
    );
    // The host leaves the out values alone on a failure, and of some successes: they were zeroed above.
    return new ForeignResult(status, status == Status.Ok ? outBytes() : EMPTY);
  }
}
