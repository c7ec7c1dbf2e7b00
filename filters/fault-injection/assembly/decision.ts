import { Headers } from "proxy-wasm-assemblyscript-sdk";
import { Attributes, LocalReply } from "../../../policy";
import { ABORT, Account, RESET, RESPONSE, UNDECIDED } from "./account";
import { Chance, Fate } from "./chance";
import { FaultInjectionConfig } from "./config";
import { draw, happens, isCertain, Roll, unit } from "./core/dice";
import { Fault, Mode } from "./fault";
import { HeaderControl } from "./header-control";
import { Picked } from "./picker";

/**
 * What a request is to meet. All of it is decided when its headers come, so that nothing depends on what happens meanwhile. Of several faults with
 * an effect the first has it. A root has one of these, for one request after the other.
 */
export class Decision {
  delayedBy: Fault | null = null;
  /** Nanoseconds. */
  delay: u64 = 0;
  abortedBy: Fault | null = null;
  /** Null beside `abortedBy`: the stream is reset. */
  reply: LocalReply | null = null;
  changedBy: Fault | null = null;
  /** False when the upstream would see what it shall not. */
  safe: bool = true;
  /** What is told already: of faults in shadow mode, and of those that could not decide. */
  readonly account: Account = new Account();

  /** True when the request is to meet something. */
  get any(): bool {
    return this.delayedBy !== null || this.abortedBy !== null || this.changedBy !== null;
  }

  /** Decides, and takes out of the headers what the upstream shall not see. */
  decide(config: FaultInjectionConfig, chance: Chance, headers: Headers, from: Attributes): void {
    this.delayedBy = null;
    this.abortedBy = null;
    this.reply = null;
    this.changedBy = null;
    this.account.begin(null);
    // Without headers a condition with `not` would hold.
    const blind = config.readsHeaders && headers.size == 0;
    const control = config.headerControl;
    this.safe = true;
    if (control !== null) {
      if (!blind && control.applies(headers, from)) this.obey(control, chance, headers, from);
      this.safe = control.strip(headers, blind);
    }
    const faults = config.faults;
    if (blind) {
      for (let i = 0; i < faults.length; i++) this.undecided(faults[i]);
      return;
    }
    const candidates = config.index.find(from);
    for (let i = candidates.next(0); i < faults.length; i = candidates.next(i + 1)) {
      const fault = faults[i];
      const picked = fault.picker.picks(from, chance);
      if (picked == Picked.Undecided) this.undecided(fault);
      else if (picked == Picked.Yes && fault.mode == Mode.Shadow) this.rehearse(fault, chance.fate);
      else if (picked == Picked.Yes) this.roll(fault, chance.fate);
    }
  }

  private roll(fault: Fault, fate: u64): void {
    this.delayBy(fault, delayOf(fault, fate));
    const abort = fault.abort;
    if (abort !== null && happens(draw(fate, Roll.Abort), abort.share)) this.abortBy(fault, abort.reply);
    if (this.changedBy === null && changes(fault, fate)) this.changedBy = fault;
  }

  /** As `roll`, for a fault in shadow mode: it is only told. */
  private rehearse(fault: Fault, fate: u64): void {
    const account = this.account;
    const delay = delayOf(fault, fate);
    if (delay > 0) account.addDelay(fault.name, delay, true);
    const abort = fault.abort;
    const aborts = abort !== null && happens(draw(fate, Roll.Abort), abort.share);
    if (abort !== null && aborts) account.add(fault.name, abort.reply === null ? RESET : ABORT, true);
    const changed = changes(fault, fate);
    if (changed) account.add(fault.name, RESPONSE, true);
    if (delay > 0 || aborts || changed) fault.counters.shadow.increment();
  }

  /** What of the headers' wishes comes true. */
  private obey(control: HeaderControl, chance: Chance, headers: Headers, from: Attributes): void {
    const fault = control.fault;
    const delays = control.shareOfDelay(headers);
    const aborts = control.shareOfAbort(headers);
    const certain = isCertain(delays) && isCertain(aborts);
    if (!certain && chance.decide(fault.name, fault.picker.key, from) != Fate.Known) {
      this.undecided(fault);
      return;
    }
    if (happens(draw(chance.fate, Roll.Delay), delays)) this.delayBy(fault, control.delay(headers));
    if (!happens(draw(chance.fate, Roll.Abort), aborts)) return;
    const reply = control.abort(headers);
    if (reply !== null) this.abortBy(fault, reply);
  }

  /** A delay of nothing is none. */
  private delayBy(fault: Fault, length: u64): void {
    if (length == 0 || this.delayedBy !== null) return;
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
    this.account.add(fault.name, UNDECIDED);
  }
}

/** How long a fault delays a request; 0: not at all. */
function delayOf(fault: Fault, fate: u64): u64 {
  const delay = fault.delay;
  if (delay === null || !happens(draw(fate, Roll.Delay), delay.share)) return 0;
  return delay.latency.of(unit(draw(fate, Roll.Length)));
}

function changes(fault: Fault, fate: u64): bool {
  const response = fault.response;
  return response !== null && happens(draw(fate, Roll.Response), response.share);
}
