import {
  ArenaBuffer,
  Bytes,
  FilterHeadersStatus,
  Headers,
  HttpContext,
  JsonObject,
  log,
  LogLevel,
  LogLine,
  MemoryGauges,
  PropertyPath,
  RootContext,
} from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../../../policy";
import { AuthzConfig, Mode, readConfig } from "./config";
import { Decision } from "./core/decision";
import { Rules } from "./core/rules";
import { Counters } from "./counters";
import { nameOf, Verdicts } from "./verdict";

const FILTER_STATE: PropertyPath = new PropertyPath(Bytes.of("meshscript.authz"));
/** As Envoy's own RBAC says it. */
const DETAILS: Bytes = Bytes.of("rbac_access_denied_matched_policy[");

export class AuthzRoot extends RootContext {
  config: AuthzConfig = new AuthzConfig();
  /** Reused by every request. */
  readonly attributes: Attributes = new Attributes();
  readonly verdicts: Verdicts = new Verdicts();
  readonly text: ArenaBuffer = new ArenaBuffer();
  private counters: Counters | null = null;
  private gauges: MemoryGauges | null = null;

  configure(json: JsonObject): bool {
    this.config = readConfig(json);
    if (!json.ok()) return false;
    this.counters = new Counters(this.config.rules);
    const gauges = new MemoryGauges("meshscript_authz");
    gauges.report();
    this.gauges = gauges;
    return true;
  }

  createHttpContext(): HttpContext | null {
    return this.config.mode == Mode.Off ? null : new Authorizing(this);
  }

  /** @param passes what is denied is let through */
  count(decision: Decision, passes: bool): void {
    const counters = this.counters;
    if (counters !== null) counters.count(decision, passes);
    const gauges = this.gauges;
    if (gauges !== null) gauges.tick();
  }
}

class Authorizing extends HttpContext {
  constructor(private authz: AuthzRoot) {
    super();
  }

  onRequestHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    const root = this.authz;
    const rules = root.config.rules;
    const attributes = root.attributes.of(headers, this);
    const decision = rules.decide(attributes);
    const passes = root.config.mode == Mode.Shadow;
    const verdict = root.verdicts.of(decision, rules, passes);
    this.setProperty(FILTER_STATE, verdict);
    root.count(decision, passes);
    if (decision.audited.length > 0) audit(decision, rules, passes);
    if (log.enabled(LogLevel.Debug)) log.debug("[authz] " + verdict.toString());
    if (log.enabled(LogLevel.Trace)) explain(rules, attributes);
    if (decision.allowed || passes) return FilterHeadersStatus.Continue;
    this.deny(decision);
    return FilterHeadersStatus.StopIteration;
  }

  private deny(decision: Decision): void {
    const root = this.authz;
    const name = nameOf(decision.rule, root.config.rules);
    const reply = root.config.refusal;
    const headers = reply.headers();
    const reason = root.config.reasonHeader;
    if (reason !== null) headers.add(reason, name);
    const text = root.text;
    text.clear();
    text.pushBytes(DETAILS);
    text.pushBytes(name);
    text.pushByte(0x5d);
    reply.send(this, headers, text.bytes());
  }
}

/** What AUDIT policies are for: a line for each request that they match. */
function audit(decision: Decision, rules: Rules, passes: bool): void {
  const verdict = decision.allowed ? "allowed" : passes ? "shadow_denied" : "denied";
  for (let i = 0; i < decision.audited.length; i++) {
    const line = LogLine.at(LogLevel.Info, "authz audit");
    if (line === null) return;
    line.bytes("policy", rules.names[decision.audited[i]]).text("verdict", verdict).write();
  }
}

/** A line for each rule: whether it matches, or what in it does not. `meshscript authz explain` reads them. */
function explain(rules: Rules, from: Attributes): void {
  for (let i = 0; i < rules.size; i++) {
    const failing = rules.explain(i, from);
    log.trace("[authz] " + rules.names[i].toString() + (failing.length > 0 ? ": no match: " + failing : ": match"));
  }
}
