import {
  Bytes,
  FilterHeadersStatus,
  Headers,
  HttpContext,
  JsonObject,
  MemoryGauges,
  monotonicNanoseconds,
  PropertyPath,
  RootContext,
  SharedSlots,
} from "proxy-wasm-assemblyscript-sdk";
import { Attributes, Random, seeded } from "../../../policy";
import { Admission } from "./admission";
import { Attempt } from "./attempt";
import { RateLimitConfig, readConfig } from "./config";
import { WINDOW_BYTES } from "./core/rate";
import { Families } from "./counters";
import { reportAdmitted, reportRefused } from "./explain";
import { Limit } from "./limit";
import { Outcome } from "./outcome";
import { sendRefusal } from "./refusal";
import { Report } from "./report";
import { Verdicts } from "./verdict";

/** Keys of a slot: so many that some slot overflows only when most of the table is in use. */
const WAYS: i32 = 16;

export class RateLimitRoot extends RootContext {
  config: RateLimitConfig = new RateLimitConfig();
  /** Reused by every request. */
  readonly admission: Admission = new Admission();
  readonly attributes: Attributes = new Attributes();
  readonly verdicts: Verdicts = new Verdicts();
  /** Seeded when configured. */
  random: Random = new Random(0, 0, 0, 0);
  private idle: Report[] = [];
  private gauges: MemoryGauges | null = null;

  configure(json: JsonObject): bool {
    this.config = readConfig(json);
    if (!json.ok()) return false;
    const random = seeded();
    if (random === null) return this.lacks("random numbers", "random_get");
    this.random = random;
    if (monotonicNanoseconds() == 0) return this.lacks("time", "clock_time_get");
    const gauges = new MemoryGauges("meshscript_ratelimit");
    gauges.report();
    this.gauges = gauges;
    const limits = this.config.limits;
    const families = new Families(limits.length);
    for (let i = 0; i < limits.length; i++) {
      const table = this.tableOf(limits[i]);
      if (table === null) return this.lacks("shared data", "proxy_get_shared_data and proxy_set_shared_data");
      limits[i].open(table, families.of(limits[i].name));
    }
    return true;
  }

  createHttpContext(): HttpContext | null {
    return this.config.limits.length == 0 ? null : new RateLimiting(this);
  }

  /** At each request that a limit is about. */
  tick(): void {
    const gauges = this.gauges;
    if (gauges !== null) gauges.tick();
  }

  takeReport(): Report {
    return this.idle.length > 0 ? this.idle.pop() : new Report();
  }

  giveReport(report: Report): void {
    report.clear();
    if (this.idle.length < 64) this.idle.push(report);
  }

  /**
   * The buckets of a limit outlive a change of the configuration, and belong to all plugins of the vm_id with a limit of this name in the same
   * domain, if they have as many slots. A limit with another number of rates has other entries, and so other buckets.
   */
  private tableOf(limit: Limit): SharedSlots | null {
    // With the length of the name in front, no two of name and domain are written alike.
    const own = limit.name.toString();
    const name = "ratelimit/" + limit.widest.toString() + "/" + own.length.toString() + "/" + own + "/" + this.config.domain;
    return SharedSlots.open(Bytes.of(name), (this.config.keySlots + WAYS - 1) / WAYS, WAYS, limit.widest * WINDOW_BYTES);
  }
}

/** A charge that waits for the end of its stream. */
class Owed {
  constructor(
    readonly attempt: Attempt,
    readonly next: Owed | null,
  ) {}
}

class RateLimiting extends HttpContext {
  private report: Report | null = null;
  private owed: Owed | null = null;

  constructor(private limiter: RateLimitRoot) {
    super();
  }

  onRequestHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    const root = this.limiter;
    const admission = root.admission;
    const limits = root.config.limits;
    if (headers.size > 0) {
      const from = root.attributes.of(headers, this);
      admission.gather(limits, root.config.index.find(from), from, this);
    } else admission.gatherBlindly(limits);
    if (admission.size == 0) return FilterHeadersStatus.Continue;
    const now = monotonicNanoseconds();
    admission.decide(now, root.random);
    const refusing = admission.refusing;
    if (refusing !== null && admission.hasCharges) {
      const later = max(monotonicNanoseconds(), now);
      admission.refund(later, later - now);
    }
    admission.count();
    root.tick();
    this.setProperty(FILTER_STATE, root.verdicts.of(admission));
    if (refusing === null) {
      this.admit(admission);
      return FilterHeadersStatus.Continue;
    }
    const report = root.takeReport();
    const wait = reportRefused(admission, report);
    sendRefusal(this, root.config.refusal, refusing, wait, report, root.config.told);
    root.giveReport(report);
    return FilterHeadersStatus.StopIteration;
  }

  onResponseHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    const report = this.report;
    if (report !== null) {
      report.addTo(headers, this.limiter.config.told);
      this.report = null;
      this.limiter.giveReport(report);
    }
    return FilterHeadersStatus.Continue;
  }

  onLog(): void {
    let owed = this.owed;
    if (owed === null) return;
    const now = monotonicNanoseconds();
    for (; owed !== null; owed = owed.next) {
      const attempt = owed.attempt;
      attempt.cost = attempt.limit.cost.atEnd(this);
      if (attempt.cost == 0) continue;
      const counters = attempt.limit.counters;
      counters.failed(now == 0 ? Outcome.HostFailed : attempt.chargeAnyway(now));
      counters.casRetries.increment(attempt.takeRetries());
    }
    this.owed = null;
  }

  private admit(admission: Admission): void {
    const root = this.limiter;
    if (root.config.told != 0) {
      const report = root.takeReport();
      reportAdmitted(admission, report);
      this.report = report;
    }
    if (!root.config.chargesAfter) return;
    for (let i = 0; i < admission.size; i++) {
      const attempt = admission.attempts[i];
      // What a limit in shadow mode would have refused has no cost.
      if (!attempt.limit.cost.after || attempt.outcome != Outcome.Admitted) continue;
      const own = new Attempt(attempt.limit);
      own.again(attempt.limit, attempt.plan, attempt.key.copy(), 0);
      this.owed = new Owed(own, this.owed);
    }
  }
}

const FILTER_STATE: PropertyPath = new PropertyPath(Bytes.of("meshscript.ratelimit"));
