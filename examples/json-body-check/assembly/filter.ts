import { Body, Bytes, Counter, FilterDataStatus, FilterHeadersStatus, FilterTrailersStatus } from "proxy-wasm-assemblyscript-sdk";
import { HeaderList, HeaderName, Headers, HttpContext, JsonObject, RootContext } from "proxy-wasm-assemblyscript-sdk";
import { announcedLength, hasBody, isJson } from "./message";
import { problem } from "./problem";
import { Rules } from "./rules";
import { Text } from "./text";

const CONTENT_ENCODING = new HeaderName("content-encoding");
const PROBLEM_JSON = Bytes.of("application/problem+json");

export class JsonBodyCheckRoot extends RootContext {
  rules: Rules = new Rules();
  maxBytes: i32 = 0;
  onlyJson: bool = false;
  holdHeaders: bool = false;
  passed: Counter | null = null;
  refused: Counter | null = null;

  configure(config: JsonObject): bool {
    this.rules.read(config);
    // More than Envoy's own buffer, 1 MiB by default, never comes here: Envoy answers 413 itself.
    this.maxBytes = <i32>config.integer("maxBytes", 65536, 1, 16777216);
    this.onlyJson = config.boolean("onlyJson", false);
    this.holdHeaders = config.boolean("holdHeaders", false);
    this.passed = new Counter("json_body_check_passed_total");
    this.refused = new Counter("json_body_check_refused_total");
    return config.ok();
  }

  createHttpContext(): HttpContext | null {
    return new JsonBodyCheck(this);
  }
}

class JsonBodyCheck extends HttpContext {
  private text: Text | null = null;

  constructor(private root: JsonBodyCheckRoot) {
    super();
  }

  onRequestHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    if (!hasBody(headers)) return FilterHeadersStatus.Continue;
    if (!isJson(headers)) {
      if (!this.root.onlyJson) return FilterHeadersStatus.Continue;
      this.refuse(415, "Unsupported Media Type", "content-type must be application/json");
    } else if (headers.has(CONTENT_ENCODING)) {
      this.refuse(415, "Unsupported Media Type", "a body with content-encoding cannot be checked: send it as it is");
    } else if (announcedLength(headers) > <u64>this.root.maxBytes) {
      this.tooLarge();
    } else {
      this.text = new Text();
      if (endOfStream) return this.isRight() ? FilterHeadersStatus.Continue : FilterHeadersStatus.StopIteration;
      // Without `allow_on_headers_stop_iteration` Envoy keeps the body from a filter that stops here, and both wait for ever.
      return this.root.holdHeaders ? FilterHeadersStatus.StopIteration : FilterHeadersStatus.Continue;
    }
    return FilterHeadersStatus.StopIteration;
  }

  onRequestBody(body: Body, endOfStream: bool): FilterDataStatus {
    const text = this.text;
    if (text === null) return FilterDataStatus.Continue;
    // What stopped before is there again.
    const piece = body.bytes(text.length);
    if (body.length > this.root.maxBytes) this.tooLarge();
    else {
      if (piece !== null) text.add(piece);
      if (endOfStream && this.isRight()) return FilterDataStatus.Continue;
    }
    return FilterDataStatus.StopIterationAndBuffer;
  }

  /** When trailers come, no body callback says `endOfStream`: a client could slip a body past us with them. */
  onRequestTrailers(trailers: Headers): FilterTrailersStatus {
    return this.text === null || this.isRight() ? FilterTrailersStatus.Continue : FilterTrailersStatus.StopIteration;
  }

  private isRight(): bool {
    const text = this.text;
    const wrong = text === null ? "" : this.root.rules.check(text.bytes());
    if (wrong.length > 0) this.refuse(400, "Bad Request", wrong);
    else count(this.root.passed);
    return wrong.length == 0;
  }

  private tooLarge(): void {
    this.refuse(413, "Content Too Large", "the body must have at most " + this.root.maxBytes.toString() + " bytes");
  }

  private refuse(status: u32, title: string, detail: string): void {
    count(this.root.refused);
    const headers = new HeaderList().add(HeaderName.CONTENT_TYPE, PROBLEM_JSON);
    this.sendLocalResponse(status, problem(status, title, detail), headers, Bytes.of("json_body_check_" + status.toString()));
  }
}

function count(counter: Counter | null): void {
  if (counter !== null) counter.increment();
}
