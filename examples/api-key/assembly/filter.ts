import {
  Bytes,
  Counter,
  FilterHeadersStatus,
  HeaderList,
  HeaderName,
  Headers,
  HttpContext,
  JsonObject,
  RootContext,
} from "proxy-wasm-assemblyscript-sdk";
import { ApiKeys } from "./keys";

const WWW_AUTHENTICATE = new HeaderName("www-authenticate");
// For the access log, `%RESPONSE_CODE_DETAILS%`. The client is told less.
const MISSING = Bytes.of("api_key_missing");
const REPEATED = Bytes.of("api_key_repeated");
const UNKNOWN = Bytes.of("api_key_unknown");

export class ApiKeyRoot extends RootContext {
  keys: ApiKeys = new ApiKeys();
  header: HeaderName = new HeaderName("x-api-key");
  clientHeader: HeaderName = new HeaderName("x-client");
  challenge: Bytes = Bytes.of("");
  refusal: Bytes = Bytes.of("");
  private allowed: Counter | null = null;
  private denied: Counter | null = null;

  configure(config: JsonObject): bool {
    this.keys.read(config);
    this.header = readHeader(config, "header", this.header);
    this.clientHeader = readHeader(config, "clientHeader", this.clientHeader);
    if (this.header.bytes.equals(this.clientHeader.bytes)) config.problem("clientHeader", "must be another header than that of the key");
    // RFC 9110, 15.5.2: a 401 says what to send.
    this.challenge = Bytes.of('ApiKey header="' + this.header.toString() + '"');
    this.refusal = Bytes.of("send your API key in the header " + this.header.toString() + "\n");
    this.allowed = new Counter("api_key_allowed_total");
    this.denied = new Counter("api_key_denied_total");
    return config.ok();
  }

  createHttpContext(): HttpContext | null {
    return new ApiKey(this);
  }

  count(allowed: bool): void {
    const counter = allowed ? this.allowed : this.denied;
    if (counter !== null) counter.increment();
  }
}

class ApiKey extends HttpContext {
  constructor(private root: ApiKeyRoot) {
    super();
  }

  onRequestHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    const root = this.root;
    const count = headers.count(root.header);
    if (count == 0) return this.deny(MISSING);
    // Somebody behind us may read another one of them than we did.
    const key = headers.unique(root.header);
    if (key === null) return this.deny(REPEATED);
    const client = root.keys.clientOf(key);
    if (client === null) return this.deny(UNKNOWN);
    headers.remove(root.header);
    // Not `add`: what the client sent under this name would still be there, and be the first.
    headers.replace(root.clientHeader, client);
    root.count(true);
    return FilterHeadersStatus.Continue;
  }

  private deny(details: Bytes): FilterHeadersStatus {
    const root = this.root;
    root.count(false);
    this.sendLocalResponse(401, root.refusal, new HeaderList().add(WWW_AUTHENTICATE, root.challenge), details);
    return FilterHeadersStatus.StopIteration;
  }
}

function readHeader(config: JsonObject, key: string, otherwise: HeaderName): HeaderName {
  if (!config.has(key)) return otherwise;
  const text = config.string(key);
  const name = new HeaderName(text);
  // Neither `:path` and its like nor what frames the message: the SDK would refuse to touch it, request after request.
  if (name.kind != 0) config.problem(key, 'must be the name of an ordinary header, got "' + text + '"');
  return name;
}
