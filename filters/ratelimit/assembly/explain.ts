import { Admission } from "./admission";
import { Outcome } from "./outcome";
import { Mode } from "./plan";
import { Report } from "./report";

const SECOND: u64 = 1_000_000_000;

/** What is left of an admitted request's limits. Of a limit that could not be counted nothing is known, and of one in shadow mode nothing told. */
export function reportAdmitted(admission: Admission, report: Report): void {
  for (let i = 0; i < admission.size; i++) {
    const attempt = admission.attempts[i];
    if (attempt.plan.mode != Mode.Enforce || !attempt.hasNumbers) continue;
    const windows = attempt.plan.windows;
    for (let w = 0; w < windows.length; w++) {
      const rate = windows[w].rate;
      const used = attempt.used[w];
      const remaining = rate.remaining(used);
      report.add(windows[w], remaining, remaining > 0 ? rate.untilFull(used) : rate.wait(used, 1), false);
    }
  }
}

/** Which windows refuse, and nanoseconds until none does; 0 when waiting does not help. */
export function reportRefused(admission: Admission, report: Report): u64 {
  let wait: u64 = 0;
  let never = false;
  for (let i = 0; i < admission.size; i++) {
    const attempt = admission.attempts[i];
    if (attempt.plan.mode != Mode.Enforce) continue;
    if (!attempt.hasNumbers) {
      if (!attempt.refuses) continue;
      if (attempt.outcome == Outcome.KeyMissing) never = true;
      else wait = max(wait, SECOND);
      continue;
    }
    const windows = attempt.plan.windows;
    for (let w = 0; w < windows.length; w++) {
      const rate = windows[w].rate;
      const used = attempt.used[w];
      const refuses = attempt.refuses && !rate.admits(used, attempt.needed);
      const until = rate.wait(used, attempt.needed);
      report.add(windows[w], rate.remaining(used), until, !refuses);
      if (!refuses) continue;
      if (until == u64.MAX_VALUE) never = true;
      else wait = max(wait, until);
    }
  }
  return never ? 0 : wait;
}
