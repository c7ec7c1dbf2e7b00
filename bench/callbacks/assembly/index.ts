import { FilterHeadersStatus, Headers, HttpContext, register, RootContext } from "proxy-wasm-assemblyscript-sdk";

/** Does nothing, but is called three times more than the empty filter: what one of them costs is a callback's price. */
class CallbacksRoot extends RootContext {
  createHttpContext(): HttpContext | null {
    return new Callbacks();
  }
}

class Callbacks extends HttpContext {
  onRequestHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    return FilterHeadersStatus.Continue;
  }

  onResponseHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    return FilterHeadersStatus.Continue;
  }

  onLog(): void {}

  onDone(): void {}
}

register("callbacks", () => new CallbacksRoot());
