import {
  Bytes,
  FilterHeadersStatus,
  HeaderName,
  Headers,
  HttpContext,
  log,
  LogLevel,
  PropertyPath,
  Status,
  Ticket,
} from "proxy-wasm-assemblyscript-sdk";
import { LocalReply } from "../../../policy";
import { ABORT, OVERFLOW, RESET, RESPONSE, UNDECIDED } from "./account";
import { Decision } from "./decision";
import { Fault } from "./fault";
import { FaultInjectionRoot } from "./filter";

const FILTER_STATE: PropertyPath = new PropertyPath(Bytes.of("meshscript.fault-injection"));
const CODE_DETAILS: PropertyPath = PropertyPath.of("response.code_details");
const CONNECT: Bytes = Bytes.of("CONNECT");
const VIA_UPSTREAM: Bytes = Bytes.of("via_upstream");

/** A request to which happens what was decided, in Envoy's order: delay, abort, response. */
export class Injecting extends HttpContext {
  private abortedBy: Fault | null = null;
  /** Null beside `abortedBy`: the stream is reset. */
  private reply: LocalReply | null = null;
  private changedBy: Fault | null = null;
  /** Who has one of `maxActive`: the delay until it is over, an abort until the stream is. */
  private active: Fault | null = null;
  private ticket: Ticket = 0;
  /** What it has met, with what faults in shadow mode would have done. */
  private met: Bytes | null = null;
  /** What of it clients are told. */
  private told: Bytes | null = null;
  /** What another plugin of this module has noted before. */
  private others: Bytes | null = null;

  constructor(private injection: FaultInjectionRoot) {
    super();
  }

  onRequestHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    const decision = this.injection.decide(headers, this);
    if (!decision.account.empty) this.note(decision.account.copy());
    if (!decision.safe) {
      this.closeStream();
      return FilterHeadersStatus.StopAllIterationAndWatermark;
    }
    if (!decision.any) return FilterHeadersStatus.Continue;
    this.abortedBy = decision.abortedBy;
    this.reply = decision.reply;
    // Behind the answer to a CONNECT comes a tunnel: under another status its bytes would be taken for the next response.
    if (decision.changedBy !== null && !isConnect(headers)) this.changedBy = decision.changedBy;
    // Not StopIteration: with allow_on_headers_stop_iteration the first byte of a body would end the delay.
    if (this.hold(decision) || this.abort()) return FilterHeadersStatus.StopAllIterationAndWatermark;
    return FilterHeadersStatus.Continue;
  }

  onResponseHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    const by = this.changedBy;
    if (by !== null) this.answered(by, headers);
    const told = this.told;
    const name = this.injection.config.responseHeader;
    if (told !== null && name !== null) headers.add(name, told);
    return FilterHeadersStatus.Continue;
  }

  onDelete(): void {
    if (this.ticket != 0) this.injection.release(this.ticket);
    this.leave();
  }

  /** The delay is over. */
  wake(): void {
    this.ticket = 0;
    this.leave();
    if (this.abort()) return;
    if (this.continueRequest() != Status.Ok) this.closeStream();
  }

  /** Begins the delay, if there is one and room for it; else false. */
  private hold(decision: Decision): bool {
    const by = decision.delayedBy;
    if (by === null || !this.enter(by)) return false;
    this.ticket = this.injection.hold(this, decision.delay);
    if (this.ticket == 0) {
      this.leave();
      by.counters.undecided.increment();
      this.tell(by, UNDECIDED);
      return false;
    }
    by.counters.delays.increment();
    this.append(this.injection.account.begin(null).addDelay(by.name, decision.delay).copy());
    return true;
  }

  /** Answers in the upstream's place, or resets, if that is decided and there is room for it; else false. */
  private abort(): bool {
    const by = this.abortedBy;
    if (by === null || !this.enter(by)) return false;
    const reply = this.reply;
    const met = this.met;
    const told = this.told;
    // Envoy acts on it when the callback is over: until then it can be told.
    this.tell(by, reply === null ? RESET : ABORT);
    if (reply === null ? this.closeStream() == Status.Ok : reply.send(this, reply.headers(), by.details)) {
      if (reply === null) by.counters.resets.increment();
      else by.counters.aborts.increment();
      return true;
    }
    // The host neither answers nor resets: held for ever is worse than no fault.
    this.leave();
    by.counters.undecided.increment();
    this.met = met;
    this.told = told;
    this.tell(by, UNDECIDED);
    return false;
  }

  /** Only what the upstream answers is changed, and not what Envoy or a filter does. */
  private answered(by: Fault, headers: Headers): void {
    const details = this.property(CODE_DETAILS);
    const change = by.response;
    if (change === null || (details !== null && !details.equals(VIA_UPSTREAM))) return;
    this.changedBy = null;
    if (details !== null && change.apply(headers)) {
      by.counters.responses.increment();
      this.tell(by, RESPONSE);
    } else {
      by.counters.undecided.increment();
      this.tell(by, UNDECIDED);
    }
  }

  /** Takes one of `maxActive`. */
  private enter(fault: Fault): bool {
    if (!this.injection.active.enter()) {
      fault.counters.overflow.increment();
      this.tell(fault, OVERFLOW);
      return false;
    }
    fault.counters.active.add(1);
    this.active = fault;
    return true;
  }

  private leave(): void {
    const fault = this.active;
    if (fault === null) return;
    this.active = null;
    this.injection.active.leave();
    fault.counters.active.add(-1);
  }

  private tell(fault: Fault, what: Bytes): void {
    this.append(this.injection.account.begin(null).add(fault.name, what).copy());
  }

  private append(list: Bytes): void {
    const account = this.injection.account;
    this.told = account.begin(this.told).join(list).copy();
    this.note(account.begin(this.met).join(list).copy());
  }

  /** For access logs: `%FILTER_STATE(wasm.meshscript.fault-injection:PLAIN)%`. Behind what another plugin of this module has noted. */
  private note(met: Bytes): void {
    if (this.met === null) {
      const before = this.property(FILTER_STATE);
      if (before !== null) this.others = before.copy();
    }
    this.met = met;
    this.setProperty(FILTER_STATE, this.injection.account.begin(this.others).join(met).text);
    if (log.enabled(LogLevel.Debug)) log.debug("[fault-injection] " + met.toString());
  }
}

function isConnect(headers: Headers): bool {
  const method = headers.get(HeaderName.METHOD);
  return method !== null && method.equals(CONNECT);
}
