import { toPairs } from "../../harness/index.ts";
import { JASON_WAITS_MS } from "../filters.ts";
import type { Hop } from "../recorder.ts";
import { USER } from "../services/app.ts";
import { spansOf } from "../spans.ts";
import { inbound } from "../topology.ts";
import { buildTree } from "../trace-tree.ts";
import type { Exchange } from "../watch.ts";
import { sendAsFarAsRatings } from "./as-far-as-ratings.ts";
import { growth } from "./growth.ts";
import type { StepRun, TourStep } from "./step.ts";

const PART = "fault-injection";
const REVIEWS = "/api/v1/products/0/reviews";

/** A request that went as far as ratings: what its sidecar did with each attempt, and what reviews got in the end. */
interface Ask {
  exchange: Exchange;
  attempts: Hop[];
  atReviews: Hop;
}

/** Users have names of their own in each step: the limiter in front of the faults counts them. */
async function ask(step: StepRun, user: string, path = REVIEWS): Promise<Ask> {
  const exchange = await sendAsFarAsRatings(step, { path, headers: { [USER]: user } });
  const attempts = exchange.hops.filter(({ name }) => name === inbound("ratings"));
  const atReviews = exchange.hops.find(({ name }) => name.endsWith(" outbound ratings"));
  if (atReviews === undefined) throw new Error("reviews did not ask for ratings");
  return { exchange, attempts, atReviews };
}

const milliseconds = ({ microseconds }: Hop) => Math.round(microseconds / 1_000);
const hasStars = ({ response }: Exchange) => response.text().includes('"stars":5');

const slow: TourStep = {
  part: PART,
  claim: `ratings keeps jason waiting ${JASON_WAITS_MS} ms and nobody else; all get their stars`,
  run: async (step) => {
    const jason = await ask(step, "jason");
    const others = [await ask(step, "ann"), await ask(step, "bob")];
    const [held] = jason.attempts;
    for (const { exchange, atReviews } of [jason, ...others]) {
      const [[, who = ""] = []] = toPairs(exchange.request.headers);
      step.saw(`${who}: ${atReviews.status} in ${milliseconds(atReviews)} ms, x-fault: ${atReviews.told["x-fault"] ?? "none"}`);
    }
    const told = `slow-for-jason;delay=${JASON_WAITS_MS}`;
    step.check("jason waits as long as that", milliseconds(jason.atReviews) >= JASON_WAITS_MS, `${milliseconds(jason.atReviews)} ms`);
    step.same(
      "reviews is told why, and the sidecar of ratings noted it",
      [jason.atReviews.told["x-fault"], held?.verdicts[PART]],
      [told, told],
    );
    step.check(
      "the others do not wait",
      others.every(({ atReviews }) => milliseconds(atReviews) < JASON_WAITS_MS),
      others.map(({ atReviews }) => `${milliseconds(atReviews)} ms`).join(", "),
    );
    step.same(
      "and are told of nothing",
      others.map(({ atReviews }) => atReviews.told["x-fault"]),
      [undefined, undefined],
    );
    step.check(
      "all have stars",
      [jason, ...others].every(({ exchange }) => hasStars(exchange)),
    );
  },
};

const retried: TourStep = {
  part: PART,
  claim: "the first attempt for rita fails in front of ratings, her caller's Envoy tries again, and her page has its stars",
  run: async (step) => {
    const { exchange, attempts, atReviews } = await ask(step, "rita");
    const { spans, untraced } = spansOf(exchange.hops, exchange.sightings);
    if (untraced.length === 0) step.sawTrace(buildTree(spans));
    step.same(
      "ratings' sidecar saw two attempts, and answered the first itself",
      attempts.map(({ status, verdicts }) => [status, verdicts[PART]]),
      [
        [503, "first-attempt;abort"],
        [200, undefined],
      ],
    );
    step.same(
      "reviews heard of one, a good one",
      [atReviews.status, exchange.hops.filter(({ name }) => name === atReviews.name).length],
      [200, 1],
    );
    const reached = exchange.sightings.filter(({ workload }) => workload === "ratings");
    step.same("the application of ratings heard of one", reached.length, 1);
    step.check("the reviews have stars", hasStars(exchange));
  },
};

const counted: TourStep = {
  part: PART,
  claim: "ratings' Envoy counts each fault by its name, and none is left under way",
  run: async (step) => {
    const counters = "meshscript_fault_injection_(delays_injected_total|aborts_injected_total|active)$";
    const grown = await growth(step, "ratings", counters, async () => {
      for (const user of ["jason-too", "rita-too", "cy"]) await ask(step, user);
    });
    const changed = grown.map(([name, more]): [string, number] => [
      name.replace(/^.*fault=\.=|^wasmcustom\./, "").replace(";.;", " "),
      more,
    ]);
    for (const [name, more] of changed.filter(([, more]) => more > 0)) step.saw(`${name}: +${more}`);
    step.same("by how much", Object.fromEntries(changed), {
      "first-attempt meshscript_fault_injection_aborts_injected_total": 1,
      "first-attempt meshscript_fault_injection_delays_injected_total": 0,
      meshscript_fault_injection_active: 0,
      "slow-for-jason meshscript_fault_injection_aborts_injected_total": 0,
      "slow-for-jason meshscript_fault_injection_delays_injected_total": 1,
    });
  },
};

export const faultInjection: readonly TourStep[] = [slow, retried, counted];
