import { FilterHeadersStatus, Headers, HttpContext, register, RootContext } from "proxy-wasm-assemblyscript-sdk";

/** Does nothing: what it costs is the price of being there. */
class EmptyRoot extends RootContext {
  createHttpContext(): HttpContext | null {
    return new Empty();
  }
}

class Empty extends HttpContext {
  onRequestHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    return FilterHeadersStatus.Continue;
  }
}

register("empty", () => new EmptyRoot());
