import {
  Bytes,
  FilterHeadersStatus,
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
import { Fate } from "./chance";
import { draw, happens, Roll, unit } from "./core/dice";
import { Fault, Mode } from "./fault";
import { FaultInjectionRoot } from "./filter";
import { HeaderControl } from "./header-control";
import { Picked } from "./picker";

const FILTER_STATE: PropertyPath = new PropertyPath(Bytes.of("meshscript.fault-injection"));
const CODE_DETAILS: PropertyPath = PropertyPath.of("response.code_details");
const VIA_UPSTREAM: Bytes = Bytes.of("via_upstream");
/** As Envoy's own filter says it, with the fault's name behind. */
const DETAILS: string = "fault_filter_abort{";

/** A request and the faults that it meets. All is decided when its headers come; what is decided happens in Envoy's order: delay, abort, response. */
export class Injecting extends HttpContext {
  private delayedBy: Fault | null = null;
  private delay: u64 = 0;
  private abortedBy: Fault | null = null;
  /** Null beside `abortedBy`: the stream is reset. */
  private reply: LocalReply | null = null;
  private changedBy: Fault | null = null;
  /** Who has one of `maxActive`: the delay until it is over, an abort until the stream is. */
  private active: Fault | null = null;
  private ticket: Ticket = 0;
  private met: Bytes | null = null;

  constructor(private injection: FaultInjectionRoot) {
    super();
  }

  onRequestHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    const root = this.injection;
    root.tick();
    this.decide(headers);
    if (this.delayedBy === null && this.abortedBy === null) return FilterHeadersStatus.Continue;
    // Not StopIteration: with allow_on_headers_stop_iteration the first byte of a body would end the delay.
    if (this.hold() || this.abort()) return FilterHeadersStatus.StopAllIterationAndWatermark;
    return FilterHeadersStatus.Continue;
  }

  onResponseHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    const by = this.changedBy;
    if (by !== null && this.isUpstreams()) {
      const change = by.response;
      if (change !== null) change.apply(headers);
      by.counters.responses.increment();
      this.tell(by, RESPONSE);
      this.changedBy = null;
    }
    const met = this.met;
    const name = this.injection.config.responseHeader;
    if (met !== null && name !== null) headers.add(name, met);
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

  private decide(headers: Headers): void {
    const root = this.injection;
    const config = root.config;
    const from = root.attributes.of(headers, this);
    // Without headers a condition with `not` would hold.
    const blind = config.readsHeaders && headers.size == 0;
    const control = config.headerControl;
    if (control !== null && !blind) {
      if (control.applies(headers, from)) this.obey(control, headers);
      control.strip(headers);
    }
    for (let i = 0; i < config.faults.length; i++) {
      const fault = config.faults[i];
      const picked = blind ? Picked.Undecided : fault.picker.picks(from, root.chance);
      if (picked == Picked.Yes) this.roll(fault, root.chance.fate);
      else if (picked == Picked.Undecided) this.undecided(fault);
    }
  }

  /** Decides what of a fault the request meets. */
  private roll(fault: Fault, fate: u64): void {
    const shadow = fault.mode == Mode.Shadow;
    const delay = fault.delay;
    let met = false;
    if (delay !== null && happens(draw(fate, Roll.Delay), delay.share)) {
      const length = delay.latency.of(unit(draw(fate, Roll.Length)));
      if (length > 0) {
        met = true;
        if (shadow) this.note(this.injection.account.addDelay(this.met, fault.name, length, true));
        else this.delayBy(fault, length);
      }
    }
    const abort = fault.abort;
    if (abort !== null && happens(draw(fate, Roll.Abort), abort.share)) {
      met = true;
      if (shadow) this.tell(fault, abort.reply === null ? RESET : ABORT, true);
      else this.abortBy(fault, abort.reply);
    }
    const response = fault.response;
    if (response !== null && happens(draw(fate, Roll.Response), response.share)) {
      met = true;
      if (shadow) this.tell(fault, RESPONSE, true);
      else if (this.changedBy === null) this.changedBy = fault;
    }
    if (met && shadow) fault.counters.shadow.increment();
  }

  /** Decides what of the headers' wishes the request meets. */
  private obey(control: HeaderControl, headers: Headers): void {
    const chance = this.injection.chance;
    const fault = control.fault;
    if (chance.decide(fault.name, fault.picker.key, this.injection.attributes) != Fate.Known) {
      this.undecided(fault);
      return;
    }
    const length = control.delay(headers);
    if (length > 0 && happens(draw(chance.fate, Roll.Delay), control.shareOfDelay(headers))) this.delayBy(fault, length);
    if (!happens(draw(chance.fate, Roll.Abort), control.shareOfAbort(headers))) return;
    const reply = control.abort(headers);
    if (reply !== null) this.abortBy(fault, reply);
  }

  private delayBy(fault: Fault, length: u64): void {
    if (this.delayedBy !== null) return;
    this.delayedBy = fault;
    this.delay = length;
  }

  private abortBy(fault: Fault, reply: LocalReply | null): void {
    if (this.abortedBy !== null) return;
    this.abortedBy = fault;
    this.reply = reply;
  }

  private undecided(fault: Fault): void {
    fault.counters.undecided.increment();
    this.tell(fault, UNDECIDED);
  }

  /** Begins the delay, if there is one and room for it; else false. */
  private hold(): bool {
    const by = this.delayedBy;
    if (by === null || !this.enter(by)) return false;
    this.ticket = this.injection.hold(this, this.delay);
    if (this.ticket == 0) {
      this.leave();
      this.undecided(by);
      return false;
    }
    by.counters.delays.increment();
    this.note(this.injection.account.addDelay(this.met, by.name, this.delay, false));
    return true;
  }

  /** Answers in the upstream's place, or resets, if that is decided and there is room for it; else false. */
  private abort(): bool {
    const by = this.abortedBy;
    if (by === null || !this.enter(by)) return false;
    const reply = this.reply;
    if (reply === null) {
      by.counters.resets.increment();
      this.tell(by, RESET);
      this.closeStream();
      return true;
    }
    by.counters.aborts.increment();
    this.tell(by, ABORT);
    reply.send(this, reply.headers(), Bytes.of(DETAILS + by.name.toString() + "}"));
    return true;
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

  /** Whether it is the upstream that answers, and not Envoy or a filter. */
  private isUpstreams(): bool {
    const details = this.property(CODE_DETAILS);
    return details !== null && details.equals(VIA_UPSTREAM);
  }

  private tell(fault: Fault, what: Bytes, shadow: bool = false): void {
    this.note(this.injection.account.add(this.met, fault.name, what, shadow));
  }

  /** For access logs: `%FILTER_STATE(wasm.meshscript.fault-injection:PLAIN)%`. */
  private note(met: Bytes): void {
    this.met = met;
    this.setProperty(FILTER_STATE, met);
    if (log.enabled(LogLevel.Debug)) log.debug("[fault-injection] " + met.toString());
  }
}
