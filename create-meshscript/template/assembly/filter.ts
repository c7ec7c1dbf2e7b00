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

// Encoded once. Host calls, metrics among them, belong into `configure`: up here they would trap.
const GREETING = new HeaderName("x-greeting");

/** One for each configuration of the filter, on each of Envoy's workers. */
export class MyFilterRoot extends RootContext {
  greeting: Bytes = Bytes.of("hello");
  private greeted: Counter | null = null;

  configure(config: JsonObject): bool {
    this.greeting = config.bytes("greeting", this.greeting);
    this.greeted = new Counter("my_filter_greeted_total");
    // False on a wrong type or an unknown key: Envoy refuses the configuration, and a line of the log says what and where.
    return config.ok();
  }

  createHttpContext(): HttpContext | null {
    return new MyFilter(this);
  }

  count(): void {
    const greeted = this.greeted;
    if (greeted !== null) greeted.increment();
  }
}

/** One for each request. */
class MyFilter extends HttpContext {
  constructor(private root: MyFilterRoot) {
    super();
  }

  onRequestHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    // What is absent is not the same as what is empty: an empty greeting stays.
    if (!headers.has(GREETING)) {
      headers.add(GREETING, this.root.greeting);
      this.root.count();
    }
    return FilterHeadersStatus.Continue;
  }
}
