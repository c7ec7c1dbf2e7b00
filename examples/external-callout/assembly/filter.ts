import { Bytes, CalloutOutcome, Counter, EMPTY, FilterHeadersStatus, HeaderList, Headers } from "proxy-wasm-assemblyscript-sdk";
import { HttpCallResponse, HttpContext, JsonObject, log, RootContext, Status } from "proxy-wasm-assemblyscript-sdk";
import { CalloutConfig } from "./config";
import { copyAll, questionAbout } from "./question";

enum Verdict {
  Allowed = 0,
  Denied = 1,
  Failed = 2,
  TimedOut = 3,
}
const VERDICTS: string[] = ["allowed", "denied", "failed", "timed_out"];
const REFUSAL = Bytes.of("denied\n");
const UNAVAILABLE = Bytes.of("this cannot be decided now\n");

export class ExternalCalloutRoot extends RootContext {
  config: CalloutConfig = new CalloutConfig();
  private counters: Counter[] = [];
  private told: bool = false;

  configure(json: JsonObject): bool {
    this.config.read(json);
    this.counters = VERDICTS.map<Counter>((verdict) => new Counter("external_callout_" + verdict + "_total"));
    return json.ok();
  }

  createHttpContext(): HttpContext | null {
    return new ExternalCallout(this);
  }

  count(verdict: Verdict): void {
    this.counters[verdict].increment();
  }

  /** Told once, not at each request. Nobody can ask Envoy for its clusters when the filter is configured. */
  noCluster(): void {
    if (!this.told)
      log.error("[external-callout #" + this.contextId.toString() + '] there is no cluster "' + this.config.cluster.toString() + '"');
    this.told = true;
  }
}

class ExternalCallout extends HttpContext {
  constructor(private root: ExternalCalloutRoot) {
    super();
  }

  onRequestHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    const config = this.root.config;
    const question = questionAbout(headers, config);
    // Only the service may say these: the client's go, also when the request goes on without an answer.
    for (let i = 0; i < config.upstreamHeaders.length; i++) headers.remove(config.upstreamHeaders[i]);
    const callout = this.httpCall(config.cluster, question, EMPTY, config.timeoutMilliseconds);
    if (callout.status == Status.BadArgument && question.status == Status.Ok) this.root.noCluster();
    // No such cluster, no endpoint, too many callouts: there will be no answer.
    if (callout.status != Status.Ok) this.fail(Verdict.Failed);
    // All, for under `allow_on_headers_stop_iteration` a body would take a request along that stops its headers only.
    return FilterHeadersStatus.StopAllIterationAndWatermark;
  }

  /** Does not come when the stream is over: the client left, or another timeout was shorter. */
  onHttpCallResponse(response: HttpCallResponse): void {
    const status = response.status;
    if (response.outcome == CalloutOutcome.TimedOut) this.fail(Verdict.TimedOut);
    else if (status == 200) this.allow(response.headers);
    else if (status >= 400 && status < 500) this.deny(status, response.headers);
    else this.fail(Verdict.Failed); // a 5xx, of the service or of Envoy in its place; what it has not said clearly
  }

  private allow(answer: Headers): void {
    const names = this.root.config.upstreamHeaders;
    const headers = this.requestHeaders();
    for (let i = 0; i < names.length; i++) {
      for (let at = answer.indexOf(names[i]); at >= 0; at = answer.indexOf(names[i], at + 1)) {
        const value = answer.valueAt(at);
        if (value !== null) headers.add(names[i], value);
      }
    }
    this.root.count(Verdict.Allowed);
    this.continueRequest();
  }

  private deny(status: u32, answer: Headers): void {
    const headers = new HeaderList();
    copyAll(answer, this.root.config.clientHeaders, headers);
    this.root.count(Verdict.Denied);
    this.reply(status, REFUSAL, headers, Verdict.Denied);
  }

  private fail(verdict: Verdict): void {
    this.root.count(verdict);
    // In onRequestHeaders the same as answering Continue.
    if (this.root.config.failOpen) this.continueRequest();
    else this.reply(503, UNAVAILABLE, null, verdict);
  }

  private reply(status: u32, body: Bytes, headers: HeaderList | null, verdict: Verdict): void {
    const details = Bytes.of("external_callout_" + VERDICTS[verdict]);
    // Headers that Envoy must not send make the SDK refuse the reply; without one the client would wait for ever.
    if (this.sendLocalResponse(status, body, headers, details) != Status.Ok) this.sendLocalResponse(status, body, null, details);
  }
}
