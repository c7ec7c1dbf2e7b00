import {
  Bytes,
  Counter,
  FilterHeadersStatus,
  HeaderName,
  Headers,
  HttpContext,
  JsonObject,
  RootContext,
} from "proxy-wasm-assemblyscript-sdk";
import { Share } from "./share";

const TRUE = Bytes.of("true");
const FALSE = Bytes.of("false");

export class CanaryHeaderRoot extends RootContext {
  header: HeaderName = new HeaderName("x-canary");
  keyHeader: HeaderName | null = null;
  trustClient: bool = false;
  share: Share = new Share(0, 0);
  private canary: Counter | null = null;
  private stable: Counter | null = null;

  configure(config: JsonObject): bool {
    if (config.has("header")) this.header = readHeader(config, "header");
    this.keyHeader = config.has("keyHeader") ? readHeader(config, "keyHeader") : null;
    this.trustClient = config.boolean("trustClient", false);
    this.share = new Share(config.percentage("percentage", 0), config.bytes("seed").hash());
    this.canary = new Counter("canary_header_canary_total");
    this.stable = new Counter("canary_header_stable_total");
    return config.ok();
  }

  createHttpContext(): HttpContext | null {
    return new CanaryHeader(this);
  }

  /** Whether this request is the canary's. */
  decide(headers: Headers): bool {
    const asked = this.trustClient ? headers.unique(this.header) : null;
    if (asked !== null && asked.equals(TRUE)) return true;
    if (asked !== null && asked.equals(FALSE)) return false;
    const keyHeader = this.keyHeader;
    const key = keyHeader !== null ? headers.combined(keyHeader) : null;
    // All without a key are not one user: an empty one would send them all the same way.
    return key === null || key.length == 0 ? this.share.hasChance() : this.share.hasKey(key);
  }

  count(canary: bool): void {
    const counter = canary ? this.canary : this.stable;
    if (counter !== null) counter.increment();
  }
}

class CanaryHeader extends HttpContext {
  private verdict: Bytes = FALSE;

  constructor(private root: CanaryHeaderRoot) {
    super();
  }

  onRequestHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    const canary = this.root.decide(headers);
    this.verdict = canary ? TRUE : FALSE;
    // Whatever the client sent is gone. Under ABI 0.2.1 the edit also makes Envoy pick the route anew, now with this header.
    headers.replace(this.root.header, this.verdict);
    this.root.count(canary);
    return FilterHeadersStatus.Continue;
  }

  onResponseHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    headers.replace(this.root.header, this.verdict);
    return FilterHeadersStatus.Continue;
  }
}

function readHeader(config: JsonObject, key: string): HeaderName {
  const text = config.string(key);
  const name = new HeaderName(text);
  // Neither `:path` and its like nor what frames the message: the SDK would refuse to touch it, request after request.
  if (name.kind != 0) config.problem(key, 'must be the name of an ordinary header, got "' + text + '"');
  return name;
}
