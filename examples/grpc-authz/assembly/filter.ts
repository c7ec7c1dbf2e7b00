import { Bytes, Counter, EMPTY, FilterHeadersStatus, GrpcCallResponse, GrpcEnd, HeaderList, Headers } from "proxy-wasm-assemblyscript-sdk";
import { HttpContext, JsonObject, monotonicNanoseconds, RootContext, StateLog, Status } from "proxy-wasm-assemblyscript-sdk";
import { Answer, listOf, Verdict } from "./answer";
import { AuthzConfig } from "./config";
import { questionAbout } from "./question";

const CHECK = Bytes.of("Check");
const VERDICTS: string[] = ["allowed", "denied", "failed", "timed_out"];

export class GrpcAuthzRoot extends RootContext {
  config: AuthzConfig = new AuthzConfig();
  private counters: Counter[] = [];
  private service: StateLog = new StateLog("", "answers");

  configure(json: JsonObject): bool {
    this.config.read(json);
    this.counters = VERDICTS.map<Counter>((verdict) => new Counter("grpc_authz_" + verdict + "_total"));
    this.service = new StateLog("[grpc-authz #" + this.contextId.toString() + "] " + this.config.cluster.toString(), "answers");
    return json.ok();
  }

  createHttpContext(): HttpContext | null {
    return new GrpcAuthz(this);
  }

  count(verdict: Verdict): void {
    this.counters[verdict].increment();
  }

  /** One line when it begins, not one a request. */
  says(state: string): void {
    this.service.is(state, monotonicNanoseconds());
  }
}

class GrpcAuthz extends HttpContext {
  constructor(private root: GrpcAuthzRoot) {
    super();
  }

  onRequestHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    const config = this.root.config;
    // Only the service may say these: the client's go, also when the request goes on without an answer.
    for (let i = 0; i < config.trustedHeaders.length; i++) headers.remove(config.trustedHeaders[i]);
    const question = questionAbout(headers, config);
    if (question === null) this.fail(Verdict.Failed, "the question does not fit into memory");
    else {
      const call = this.grpcCall(config.service, CHECK, question, config.timeoutMilliseconds);
      if (call.status != Status.Ok) this.fail(Verdict.Failed, "no such cluster, no endpoint, or its circuit breaker is open");
    }
    // All, for under `allow_on_headers_stop_iteration` a body would take a request along that stops its headers only.
    return FilterHeadersStatus.StopAllIterationAndWatermark;
  }

  /** Does not come when the stream is over: the client left, or another timeout was shorter. */
  onGrpcCallResponse(response: GrpcCallResponse): void {
    const failure = response.failure;
    if (failure !== null) this.noAnswer(failure);
    else {
      const answer = new Answer(response.message);
      if (answer.verdict == Verdict.Allowed) this.allow(answer);
      else if (answer.verdict == Verdict.Denied) this.deny(answer);
      else this.fail(Verdict.Failed, "its answer is no decision");
    }
  }

  private noAnswer(failure: GrpcEnd): void {
    const verdict = failure.timedOut ? Verdict.TimedOut : Verdict.Failed;
    this.fail(verdict, "gRPC status " + (<i32>failure.status).toString() + ", " + failure.details.toString());
  }

  private allow(answer: Answer): void {
    const headers = this.requestHeaders();
    for (let i = 0; i < answer.remove.length; i++) headers.remove(answer.remove[i]);
    for (let i = 0; i < answer.headers.length; i++) {
      const option = answer.headers[i];
      if (option.append) headers.add(option.name, option.value);
      else headers.replace(option.name, option.value);
    }
    this.root.count(Verdict.Allowed);
    this.root.says("answers");
    this.continueRequest();
  }

  private deny(answer: Answer): void {
    this.root.count(Verdict.Denied);
    this.root.says("answers");
    this.reply(answer.status, answer.body, listOf(answer.clientHeaders), Verdict.Denied);
  }

  private fail(verdict: Verdict, why: string): void {
    this.root.count(verdict);
    this.root.says(why);
    // In onRequestHeaders the same as answering Continue.
    if (this.root.config.failureModeAllow) this.continueRequest();
    else this.reply(this.root.config.statusOnError, EMPTY, null, verdict);
  }

  private reply(status: u32, body: Bytes, headers: HeaderList | null, verdict: Verdict): void {
    const details = Bytes.of("grpc_authz_" + VERDICTS[verdict]);
    // What Envoy must not send makes the SDK refuse the reply; without one the client would wait for ever.
    if (this.sendLocalResponse(status, body, headers, details) != Status.Ok) this.sendLocalResponse(403, EMPTY, null, details);
  }
}
