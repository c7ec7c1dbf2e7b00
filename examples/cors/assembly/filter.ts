import { Bytes, Counter, EMPTY, FilterHeadersStatus, HeaderList, HeaderName, Headers } from "proxy-wasm-assemblyscript-sdk";
import { HttpContext, JsonObject, RootContext } from "proxy-wasm-assemblyscript-sdk";
import { ACCESS_CONTROL, ALLOW_CREDENTIALS, ALLOW_HEADERS, ALLOW_METHODS, ALLOW_ORIGIN } from "./names";
import { EXPOSE_HEADERS, MAX_AGE, ORIGIN, REQUEST_METHOD, VARY } from "./names";
import { CorsPolicy } from "./policy";
import { hasToken } from "./vary";

const OPTIONS = Bytes.of("OPTIONS");
const TRUE = Bytes.of("true");
const NOT_ALLOWED = Bytes.of("this origin is not allowed\n");

export class CorsRoot extends RootContext {
  policy: CorsPolicy = new CorsPolicy();
  preflights: Counter | null = null;
  denied: Counter | null = null;

  configure(config: JsonObject): bool {
    this.policy.read(config);
    this.preflights = new Counter("cors_preflights_total");
    this.denied = new Counter("cors_denied_total");
    return config.ok();
  }

  createHttpContext(): HttpContext | null {
    return new Cors(this);
  }
}

class Cors extends HttpContext {
  private allowed: Bytes | null = null;
  private answered: bool = false;

  constructor(private root: CorsRoot) {
    super();
  }

  onRequestHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    // Two origins are none: no browser sends them.
    this.allowed = this.root.policy.allow(headers.unique(ORIGIN));
    if (!headers.has(ORIGIN)) return FilterHeadersStatus.Continue;
    if (this.allowed === null) count(this.root.denied);
    const method = headers.get(HeaderName.METHOD);
    // Without access-control-request-method it is an ordinary OPTIONS (Fetch, "HTTP requests"), for the upstream to answer.
    if (method === null || !method.equals(OPTIONS) || !headers.has(REQUEST_METHOD)) return FilterHeadersStatus.Continue;
    this.answerPreflight();
    return FilterHeadersStatus.StopIteration;
  }

  /** Runs for our own answers, too, and for those of filters behind us: a page must be able to read a 401. */
  onResponseHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    if (this.answered) return FilterHeadersStatus.Continue;
    // The upstream's word goes: browsers refuse a second access-control-allow-origin. Backwards, for a removal moves what is behind it.
    for (let i = headers.size - 1; i >= 0; i--) {
      const name = headers.nameAt(i);
      if (name !== null && name.startsWith(ACCESS_CONTROL)) headers.remove(HeaderName.from(name));
    }
    const policy = this.root.policy;
    // Also when no origin came: a cache must not give this answer to a page that sends one.
    if (!policy.anyOrigin && !hasToken(headers, VARY, ORIGIN.bytes)) headers.add(VARY, ORIGIN.bytes);
    const allowed = this.allowed;
    if (allowed === null) return FilterHeadersStatus.Continue;
    headers.replace(ALLOW_ORIGIN, allowed);
    if (policy.credentials) headers.replace(ALLOW_CREDENTIALS, TRUE);
    const expose = policy.exposeHeaders;
    if (expose !== null) headers.replace(EXPOSE_HEADERS, expose);
    return FilterHeadersStatus.Continue;
  }

  private answerPreflight(): void {
    const policy = this.root.policy;
    const allowed = this.allowed;
    const headers = new HeaderList();
    this.answered = true;
    count(this.root.preflights);
    if (!policy.anyOrigin) headers.add(VARY, ORIGIN.bytes);
    if (allowed === null) {
      this.sendLocalResponse(403, NOT_ALLOWED, headers, Bytes.of("cors_origin_not_allowed"));
      return;
    }
    headers.add(ALLOW_ORIGIN, allowed);
    if (policy.credentials) headers.add(ALLOW_CREDENTIALS, TRUE);
    add(headers, ALLOW_METHODS, policy.methods);
    add(headers, ALLOW_HEADERS, policy.headers);
    add(headers, MAX_AGE, policy.maxAge);
    this.sendLocalResponse(204, EMPTY, headers, Bytes.of("cors_preflight"));
  }
}

function add(headers: HeaderList, name: HeaderName, value: Bytes | null): void {
  if (value !== null) headers.add(name, value);
}

function count(counter: Counter | null): void {
  if (counter !== null) counter.increment();
}
