import { Counter, FilterHeadersStatus, Headers, HttpContext, JsonObject, RootContext } from "proxy-wasm-assemblyscript-sdk";
import { Edits } from "./edits";

export class HeaderRewriteRoot extends RootContext {
  request: Edits = new Edits();
  response: Edits = new Edits();
  private requests: Counter | null = null;
  private responses: Counter | null = null;

  configure(config: JsonObject): bool {
    this.request = new Edits().read(config.object("request"));
    this.response = new Edits().read(config.object("response"));
    this.requests = new Counter("header_rewrite_requests_total");
    this.responses = new Counter("header_rewrite_responses_total");
    return config.ok();
  }

  createHttpContext(): HttpContext | null {
    return this.request.some || this.response.some ? new HeaderRewrite(this) : null;
  }

  rewrite(edits: Edits, headers: Headers): void {
    // An edit of the request, even one without effect, makes Envoy look for the route again.
    if (!edits.some) return;
    edits.apply(headers);
    const counter = edits == this.request ? this.requests : this.responses;
    if (counter !== null) counter.increment();
  }
}

class HeaderRewrite extends HttpContext {
  constructor(private root: HeaderRewriteRoot) {
    super();
  }

  onRequestHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    this.root.rewrite(this.root.request, headers);
    return FilterHeadersStatus.Continue;
  }

  /** Also for answers that no upstream sent: Envoy's own 404 and 503, and those of filters behind us. */
  onResponseHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    this.root.rewrite(this.root.response, headers);
    return FilterHeadersStatus.Continue;
  }
}
