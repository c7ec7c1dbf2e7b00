import type { Interval } from "../statistics/bootstrap.ts";
import type { Costs } from "../statistics/costs.ts";

/** What has to hold within one run: an arm costs at most so many times as much as another. */
export interface Claim {
  arm: string;
  reference: string;
  atMost: number;
}

const alone = ["tracing", "authz", "ratelimit", "fault-injection", "metrics"];

export const claims: readonly Claim[] = [
  { arm: "ours/empty", reference: "rust/empty", atMost: 0.7 },
  ...alone.map((name) => ({ arm: `ours/${name}/allow`, reference: `rust/${name}/allow`, atMost: 0.8 })),
  { arm: "ours/five", reference: "rust/five", atMost: 0.8 },
  { arm: "fused/five", reference: "rust/five", atMost: 0.5 },
  { arm: "fused/four", reference: "native/four", atMost: 1.8 },
  { arm: "fused/five", reference: "native/five", atMost: 2 },
];

export type Verdict = "holds" | "does not hold" | "too close to tell";

export interface Judged extends Claim {
  ratio: Interval;
  verdict: Verdict;
}

/** Those whose arms were there. */
export function judge(costs: Costs, all: readonly Claim[] = claims): Judged[] {
  return all
    .filter(({ arm, reference }) => costs.has(arm) && costs.has(reference))
    .map((claim) => {
      const ratio = costs.ratio(claim.arm, claim.reference);
      const verdict = ratio.high <= claim.atMost ? "holds" : ratio.low > claim.atMost ? "does not hold" : "too close to tell";
      return { ...claim, ratio, verdict };
    });
}
